/**
 * What secrets and personal data look like, in one expression that passes over a line once. Every part begins at a place that few lines have
 * and repeats nothing without a limit or a sign that ends it: no line makes it slow.
 *
 * Keys by the forms that their issuers publish: AWS, Anthropic and OpenAI (`sk-`), Stripe, GitHub, GitLab, Slack, Google, npm, SendGrid, Resend,
 * Mailgun, Twilio, Evenkeel itself. Sources of forms: https://docs.github.com/code-security/secret-scanning (supported patterns).
 */
const parts: Record<string, string> = {
  privateKey:
    "-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:(?!-----END)[^])*(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)?",
  jwt: "\\beyJ[\\w-]{6,}\\.[\\w-]{6,}\\.[\\w-]*",
  key: [
    "\\b(?:",
    "sk-[\\w-]{16,}",
    "|(?:sk|rk)_(?:live|test)_\\w{10,}|whsec_\\w{16,}",
    "|(?:AKIA|ASIA)[A-Z0-9]{16}\\b",
    "|gh[opusr]_\\w{30,}|github_pat_\\w{30,}|glpat-[\\w-]{16,}",
    "|xox[abeoprs]-[\\w-]{10,}|xapp-[\\w-]{10,}",
    "|AIza[\\w-]{35}|ya29\\.[\\w-]{20,}",
    "|npm_[A-Za-z0-9]{30,}|SG\\.[\\w-]{16,}\\.[\\w-]{16,}|re_[A-Za-z0-9]{6,}_[A-Za-z0-9]{16,}",
    "|key-[0-9a-f]{32}\\b|SK[0-9a-f]{32}\\b",
    "|evk_[a-z0-9]{1,20}_[a-z0-9]{32}|AGE-SECRET-KEY-1[A-Z0-9]{50,}",
    ")",
  ].join(""),
  credentials: "(?<=\\b(?:bearer|basic)\\s{1,3})[\\w.~+/=-]{8,}",
  urlPassword: "(?<=\\b[a-z][a-z0-9+.-]{1,30}:\\/\\/[^\\s:@/\"']{0,128}:)[^\\s/\"'<>]+(?=@)",
  named: [
    String.raw`(?<![\w.-])(?<name>[\w.-]{0,64}(?:passwords?|passwd|passphrase|pwd|secret|token|key|authorization|cookies?|credentials?|dsn|jwt))`,
    String.raw`(?<between>\\?["']?\s{0,3}(?:=>|[:=])\s{0,3})`,
    // Within quotes, or within those of JSON in JSON; a line may have been cut there.
    String.raw`(?<value>"(?:[^"\\]|\\.)*(?:"|\\?$)|\\"(?:[^"\\]|\\[^"])*(?:\\"|\\?$)|'[^']*(?:'|$)|[^\s,;&"'{}()[\]]+)`,
  ].join(""),
  email: "(?<![\\w.+-])[\\w.+-]{1,64}@(?:[a-z0-9-]{1,63}\\.){1,8}[a-z]{2,24}\\b",
  phone:
    "(?<![\\w.+-])(?:\\+[1-9]\\d(?:[ ().-]{0,2}\\d){6,13}|\\(\\d{3}\\) ?\\d{3}-\\d{4}|\\d{3}([-. ])\\d{3}\\g\\d{4})(?![\\w-])",
};

export type SecretKind =
  | "private key"
  | "jwt"
  | "key"
  | "credentials"
  | "password"
  | "named"
  | "email"
  | "phone";

/** In the order of the groups below. */
export const patternKinds: [group: string, kind: SecretKind][] = [
  ["privateKey", "private key"],
  ["jwt", "jwt"],
  ["key", "key"],
  ["credentials", "credentials"],
  ["urlPassword", "password"],
  ["named", "named"],
  ["email", "email"],
  ["phone", "phone"],
];

const source = Object.entries(parts)
  .map(
    ([name, part]) => `(?<${name}>${part.replace("([-. ])", "(?<sign>[-. ])").replace("\\g", "\\k<sign>")})`,
  )
  .join("|");

export const secretPattern = new RegExp(source, "gi");

/** Most lines have none of this and are done with. */
export const hint =
  /@|eyJ|[rs]k[-_]|AKIA|ASIA|gh[opusr]_|github_pat|glpat|xox|xapp-|AIza|ya29|npm_|SG\.|re_|SK[0-9a-f]{32}|evk_|AGE-SECRET|PRIVATE KEY|\+[1-9]\d|\d{3}[-. )] ?\d{3}[-. ]\d{4}|bearer|basic|pass|pwd|secret|token|key|auth|cookie|credential|dsn|jwt|mail|phone|card|cv[cv]|ssn|otp|database_?url|connection/i;
