import { readFileSync } from "node:fs";
import { variableFaults } from "@evenkeel/control/variables/variable-rules";
import { InvalidValueError } from "@evenkeel/model";
import { parse } from "dotenv";

/** Reads a `.env` file by the rules of the dotenv package, as Vercel's and most frameworks' tools do. */
export function readEnvFile(path: string): Record<string, string> {
  return parse(readText(path));
}

/**
 * The same, and refuses what cannot be set, with the lines.
 *
 * @throws InvalidValueError naming every fault
 */
export function readCheckedEnvFile(path: string): Record<string, string> {
  const text = readText(path);
  const variables = parse(text);
  const faults = variableFaults(variables, true).map(
    ({ name, reason }) =>
      `${path}:${lineOf(text, name)}: ${JSON.stringify(name.slice(0, 80))} cannot be set: ${reason}`,
  );
  if (faults.length === 0) return variables;
  throw new InvalidValueError(faults.join("\n  "), {
    hint: "Nothing was set. Mend or remove these lines, then repeat the command.",
  });
}

/**
 * The text of a `.env` file that dotenv reads back as these variables.
 *
 * @throws InvalidValueError naming those whose values no quotes can hold
 */
export function formatEnvFile(variables: Record<string, string>): string {
  const unwritable: string[] = [];
  const lines = Object.entries(variables).map(([name, value]) => {
    const bare = /^[\w./:@%+,=-]*$/.test(value) ? [value] : [];
    const forms = [...bare, `"${value}"`, `'${value}'`, `\`${value}\``, `"${value.replaceAll("\n", "\\n")}"`];
    const form = forms.find((candidate) => isReadBack(`${name}=${candidate}\n`, name, value));
    if (form === undefined) unwritable.push(name);
    return `${name}=${form}\n`;
  });
  if (unwritable.length === 0) return lines.join("");
  throw new InvalidValueError(
    `No .env file can hold the values of ${unwritable.join(", ")}: they have every kind of quote in them`,
    { hint: "Read each of them: evenkeel env reveal APP NAME" },
  );
}

function isReadBack(line: string, name: string, value: string): boolean {
  const read = parse(`BEFORE=x\n${line}AFTER=x\n`);
  return Object.keys(read).length === 3 && read[name] === value;
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new InvalidValueError(`The environment file ${path} cannot be read`, {
      hint: "Name a file of lines such as NAME=value.",
      cause,
    });
  }
}

/** Of the last line that gives it a value, which is the one that counts. */
function lineOf(text: string, name: string): number {
  const lines = text.split(/\r?\n/);
  const start = new RegExp(`^\\s*(?:export\\s+)?${RegExp.escape(name)}\\s*(?:=|:\\s)`);
  return lines.findLastIndex((line) => start.test(line)) + 1;
}
