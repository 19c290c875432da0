import type { ControlClient } from "@evenkeel/control";
import {
  type AppName,
  formatSize,
  parseAppName,
  parseSizeBytes,
  type Terminal,
  type TerminalSize,
} from "@evenkeel/model";
import type { Command } from "commander";
import { withControl } from "../../platform/control.ts";
import { environmentOf, type ProcessOptions } from "./process-options.ts";

const inputBytes = 48 * 1024;
const leastMemoryMb = 64;
const mebibyte = 1024 * 1024;

interface RunOptions extends ProcessOptions {
  memory?: string;
  terminal: boolean;
}

export function registerRun(program: Command): void {
  program
    .command("run")
    .summary("run a command once in an app's environment")
    .description(
      "Runs a command with the files, variables and limits of what is released, in a cell of its own: standard input, output and error are this command's, and so is the exit code. From a terminal it has a terminal itself. One word is read by a shell, as in a Procfile; several are a program and its arguments.",
    )
    .argument("<app>", "name of the app")
    .argument("<command...>", "behind --")
    .option("--env <environment>", "production, staging or preview", "production")
    .option("--branch <branch>", "of a preview")
    .option("--memory <size>", "how much it may use (default: 1GiB)")
    .option("--no-terminal", "plain streams, also from a terminal")
    .option("--json", "print exit code and output as JSON when it has ended")
    .addHelpText(
      "after",
      "\nExamples:\n  evenkeel run shop -- node scripts/import.js < data.csv\n  evenkeel run shop -- 'env | sort'\n  evenkeel run shop bash",
    )
    .action(async (name: string, command: string[], options: RunOptions) => {
      const app = parseAppName(name);
      const memoryMb = options.memory === undefined ? undefined : readMemory(options.memory);
      const exitCode = await withControl((client) =>
        follow(client, app, {
          ...{ command, environment: environmentOf(options), json: options.json === true },
          ...(options.branch && { branch: options.branch }),
          ...(memoryMb !== undefined && { memoryMb }),
          ...(options.terminal && !options.json && ownTerminal()),
        }),
      );
      // Somebody's terminal may still be read.
      process.exit(exitCode);
    });
}

function readMemory(text: string): number {
  const memoryMb = Math.round(parseSizeBytes(text) / mebibyte);
  return Math.max(leastMemoryMb, memoryMb);
}

/** Where both ends are a terminal. */
function ownTerminal(): { terminal?: Terminal } {
  const { stdin, stdout } = process;
  if (!stdin.isTTY || !stdout.isTTY) return {};
  return { terminal: { ...sizeOf(stdout), kind: process.env["TERM"] ?? "xterm" } };
}

const sizeOf = ({ columns, rows }: NodeJS.WriteStream): TerminalSize => ({
  columns: Math.max(1, columns),
  rows: Math.max(1, rows),
});

interface Asked {
  command: string[];
  environment: "production" | "staging" | "preview";
  branch?: string;
  memoryMb?: number;
  terminal?: Terminal;
  json: boolean;
}

/** @returns the exit code */
async function follow(client: ControlClient, app: AppName, { json, ...asked }: Asked): Promise<number> {
  const collected = { stdout: "", stderr: "" };
  for await (const event of client.runCommand({ app, ...asked })) {
    if (event.type === "started") begin(client, app, event.run, asked.terminal !== undefined);
    else if (event.type === "output") {
      const bytes = Buffer.from(event.base64, "base64");
      if (json) collected[event.stream] += bytes.toString();
      else await write(process[event.stream], bytes);
    } else {
      const { exitCode, ended } = event.exit;
      if (json)
        await write(process.stdout, Buffer.from(`${JSON.stringify({ ...event.exit, ...collected })}\n`));
      else if (ended === "memory") {
        const limit = formatSize((asked.memoryMb ?? 1_024) * mebibyte);
        await write(
          process.stderr,
          Buffer.from(`evenkeel: the command used more than its ${limit} of memory\n`),
        );
      }
      return exitCode;
    }
  }
  throw new Error("The answer ended before the command did");
}

/** Passes on what is typed or piped in, and signals; of a terminal every key as it is, and its size. */
function begin(client: ControlClient, app: AppName, run: string, terminal: boolean): void {
  let turn = Promise.resolve();
  const give = (input: RunInput) => {
    // What the command does not wait for any more is of no account.
    turn = turn.then(() => client.writeRunInput({ app, run, ...input })).then(ignore, ignore);
    return turn;
  };
  if (terminal) {
    process.stdin.setRawMode(true);
    process.on("exit", () => process.stdin.setRawMode(false));
    process.stdout.on("resize", () => void give({ type: "resize", ...sizeOf(process.stdout) }));
  }
  void (async () => {
    for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
      for (let at = 0; at < chunk.length; at += inputBytes) {
        await give({ type: "input", base64: chunk.subarray(at, at + inputBytes).toString("base64") });
      }
    }
    await give({ type: "endInput" });
  })().catch(ignore);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const) {
    process.on(signal, () => void client.writeRunInput({ app, run, type: "signal", signal }).catch(ignore));
  }
}

type RunInput =
  | { type: "input"; base64: string }
  | { type: "endInput" }
  | ({ type: "resize" } & TerminalSize);

const ignore = (): void => {};

const write = (stream: NodeJS.WriteStream, bytes: Buffer): Promise<void> =>
  new Promise((resolve) => stream.write(bytes, () => resolve()));
