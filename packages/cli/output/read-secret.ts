import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { UsageError } from "../errors.ts";

/**
 * A value that nobody is to see: typed on a terminal, where it is not shown, else all of standard input without the line end at its end.
 *
 * @throws UsageError where nothing comes
 */
export async function readSecret(question: string): Promise<string> {
  const value = process.stdin.isTTY ? await ask(question) : await Bun.stdin.text();
  if (value === "") {
    throw new UsageError("No value came", {
      hint: "Give it by standard input (evenkeel … < file), or write NAME= for an empty one.",
    });
  }
  return process.stdin.isTTY ? value : value.replace(/\r?\n$/, "");
}

function ask(question: string): Promise<string> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: silent, terminal: true });
  process.stderr.write(question);
  return new Promise((resolve, reject) => {
    terminal.once("SIGINT", () => {
      terminal.close();
      process.stderr.write("\n");
      reject(new UsageError("Nothing was changed"));
    });
    terminal.question("", (answer) => {
      terminal.close();
      process.stderr.write("\n");
      resolve(answer);
    });
  });
}
