/** Of answers that are no page: nothing in them may be run, framed or sent anywhere. */
const answerPolicy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

const headers: readonly [string, string][] = [
  ["x-content-type-options", "nosniff"],
  // Links to join have a secret behind `#`, which is never part of a referrer; the rest of an address is nobody's business either.
  ["referrer-policy", "no-referrer"],
  ["x-frame-options", "DENY"],
  ["cross-origin-opener-policy", "same-origin"],
  ["cross-origin-resource-policy", "same-origin"],
  [
    "permissions-policy",
    "camera=(), geolocation=(), microphone=(), payment=(), usb=(), publickey-credentials-create=(self), publickey-credentials-get=(self)",
  ],
];

/** For everything that a browser gets of control (https://owasp.org/www-project-secure-headers/). A page's own policy stays. */
export function addSecurityHeaders(answer: Headers): void {
  for (const [name, value] of headers) answer.set(name, value);
  if (!answer.has("content-security-policy")) answer.set("content-security-policy", answerPolicy);
}
