/**
 * The text that lets a waiting command begin: what `service-init.sh` and `service-enter.sh` read before it.
 *
 * @param terminal descriptor 6 is the command's terminal
 */
export function startText(environment: Record<string, string>, terminal = false): string {
  const lines = Object.entries(environment)
    .filter(([name, value]) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !value.includes("\0"))
    .map(([name, value]) =>
      value.includes("\n") ? `coded:${octal(`${name}=${value}`)}` : `plain:${name}=${value}`,
    );
  return ["go", ...lines, ...(terminal ? ["terminal"] : []), "end", ""].join("\n");
}

/** Every byte as `printf %b` reads it. */
const octal = (text: string): string =>
  [...Buffer.from(text)].map((byte) => `\\0${byte.toString(8).padStart(3, "0")}`).join("");
