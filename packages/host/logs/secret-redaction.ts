const secretName = /KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|PRIVATE|DSN/i;
/** Shorter values would blot out half the log: `1`, `true`, `test`. */
const shortestSecret = 6;

/**
 * A function that replaces the values of an environment's secrets in a text by `[NAME]`. A variable is secret if its name says so
 * (KEY, TOKEN, SECRET, PASSWORD, ...) or if its value is a URL with a password; then the password alone is replaced too.
 */
export function redactSecrets(environment: Record<string, string>): (text: string) => string {
  const secrets = new Map<string, string>();
  const add = (value: string, name: string) => {
    if (value.length >= shortestSecret && !secrets.has(value)) secrets.set(value, name);
  };
  for (const [name, value] of Object.entries(environment)) {
    const password = urlPassword(value);
    if (password === undefined && !secretName.test(name)) continue;
    add(value, name);
    // A private key is printed line by line.
    for (const line of value.split("\n")) add(line.trim(), name);
    if (password !== undefined) {
      add(password, name);
      add(decoded(password), name);
    }
  }
  if (secrets.size === 0) return (text) => text;
  // Longest first: a secret may contain another.
  const values = [...secrets.keys()].sort((one, two) => two.length - one.length);
  const pattern = new RegExp(values.map((value) => RegExp.escape(value)).join("|"), "g");
  return (text) => text.replace(pattern, (value) => `[${secrets.get(value)}]`);
}

function urlPassword(value: string): string | undefined {
  if (!value.includes("://") || !URL.canParse(value)) return undefined;
  return new URL(value).password || undefined;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
