import { ProcfileInvalidError } from "../errors.ts";

const example = 'Write lines such as "web: node server.js".';
const longestType = 63;

/**
 * The processes of a Procfile, type → command: https://devcenter.heroku.com/articles/procfile. Each line is `<type>: <command>`, a
 * comment (`#` first) or blank; lines may end in CR LF. The command is the shell's and is taken as it stands.
 *
 * Stricter than Heroku where Heroku ignores: a line that is none of these, a second line of the same type, a type without a command and a tab in
 * the place of a space are slips, and each would show only when a process is missing.
 *
 * @param name how the user knows the file, `apps/api/Procfile`
 * @throws ProcfileInvalidError (`procfile_invalid`) with file and line
 */
export function parseProcfile(text: string, name = "Procfile"): Record<string, string> {
  const processes = new Map<string, { command: string; line: number }>();
  const lines = text.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/);
  for (const [index, line] of lines.entries()) {
    const number = index + 1;
    const refuse = (problem: string, hint: string): never => {
      throw new ProcfileInvalidError(`${name}, line ${number}: ${problem}`, { hint });
    };
    if (/^\s*(?:#|$)/.test(line)) continue;
    if (line.includes("\0")) refuse("it holds a NUL character", "Save the file as plain text (UTF-8).");
    const [, before, type, after, command] = /^(\s*)([A-Za-z0-9_-]+):(\s*)(.*?)\s*$/.exec(line) ?? [];
    if (type === undefined || command === undefined) {
      return refuse(`${JSON.stringify(line.trim().slice(0, 60))} is no process`, example);
    }
    if (`${before}${after}`.includes("\t")) {
      refuse(
        `a tab stands ${before === "" ? `after "${type}:"` : `before "${type}:"`}`,
        "Put a space there.",
      );
    }
    if (type.length > longestType) {
      refuse(`the name "${type.slice(0, 20)}…" is too long`, `Use at most ${longestType} characters.`);
    }
    if (command === "" || command.startsWith("#")) {
      refuse(`"${type}" has no command`, `Write it behind the colon, or take the line away. ${example}`);
    }
    const earlier = processes.get(type);
    if (earlier) {
      refuse(
        `"${type}" stands there a second time, after line ${earlier.line}`,
        "Keep one of them, or give the other process another name.",
      );
    }
    processes.set(type, { command, line: number });
  }
  if (processes.size === 0) {
    throw new ProcfileInvalidError(`${name} names no process`, {
      hint: `${example} Or remove the file: without one the app is built as on Vercel.`,
    });
  }
  return Object.fromEntries([...processes].map(([type, { command }]) => [type, command]));
}
