/** The text that lets a waiting command begin: what `service-init.sh` and `service-enter.sh` read before it. */
export function startText(environment: Record<string, string>): string {
  const lines = Object.entries(environment)
    .filter(([name, value]) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !value.includes("\0"))
    .map(([name, value]) =>
      value.includes("\n") ? `coded:${octal(`${name}=${value}`)}` : `plain:${name}=${value}`,
    );
  return ["go", ...lines, "end", ""].join("\n");
}

/** Every byte as `printf %b` reads it. */
const octal = (text: string): string =>
  [...Buffer.from(text)].map((byte) => `\\0${byte.toString(8).padStart(3, "0")}`).join("");
