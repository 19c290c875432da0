/** Shorter values are ports, flags and names of stages: hiding each "true" would make a log unreadable, and protects nothing. */
const shortestSecret = 6;
const plainValues = new Set(["production", "preview", "development", "staging", "localhost", "127.0.0.1"]);

/** Replaces secrets in log lines by `***`, also their lines, passwords within URLs, and their forms in URLs and JSON. */
export function redactor(secrets: Iterable<string>): (text: string) => string {
  const forms = new Set<string>();
  for (const secret of secrets) {
    for (const part of [secret, ...secret.split(/\r?\n/), passwordOf(secret)]) {
      const value = part.trim();
      if (value.length < shortestSecret || plainValues.has(value)) continue;
      for (const form of [value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1)])
        forms.add(form);
    }
  }
  if (forms.size === 0) return (text) => text;
  // Longest first, so that a secret that holds another is hidden whole.
  const pattern = [...forms].sort((one, other) => other.length - one.length).map(RegExp.escape);
  const expression = new RegExp(pattern.join("|"), "g");
  return (text) => text.replace(expression, "***");
}

function passwordOf(value: string): string {
  if (!value.includes("://")) return "";
  const password = URL.parse(value)?.password ?? "";
  try {
    return decodeURIComponent(password);
  } catch {
    return password;
  }
}
