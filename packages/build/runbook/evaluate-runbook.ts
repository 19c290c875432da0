import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { SourceTree } from "../detect/source-tree.ts";
import { bunPlace } from "../env-schema/bun-place.ts";
import { RunbookUnreadableError } from "../errors.ts";
import { runInRoom } from "../room/run-in-room.ts";
import { readShortResult, shortWallTimeMs, shortWorkLimits } from "../room/short-work.ts";
import { sourcePlace } from "../vercel-build/build-room.ts";
import type { RunbookResult } from "./runbook-runner.ts";

/** The first that is there. */
const names = ["runbook.ts", "runbook.mts", "runbook.mjs", "runbook.js"];
const largestTextBytes = 256 * 1024;

export interface EvaluatedRunbook {
  /** As people know it, in its source: `runbook.ts`, `web/runbook.ts`. */
  file: string;
  /** For the lines of what it says. */
  text: string;
  /** What it exports by default: plain data. */
  value: unknown;
}

export interface EvaluateRunbookOptions {
  /** Unique among the rooms of this machine. */
  name: string;
  /** Of the room; what is made in it is ours. */
  folder: string;
  /** The app's source. */
  source: string;
  /** Of the app in the source. */
  rootDirectory: string;
  signal?: AbortSignal | undefined;
}

/**
 * What the `runbook.ts` of an app says, evaluated in a room that has the source to read, no network and ten seconds. It is run before anything is
 * installed: it may import files of its own and types.
 *
 * @returns undefined where the app has none
 * @throws RunbookUnreadableError (`runbook_unreadable`), RoomFailedError (`build_room_failed`)
 */
export async function evaluateRunbook(
  options: EvaluateRunbookOptions,
): Promise<EvaluatedRunbook | undefined> {
  const { name, folder, source, rootDirectory, signal } = options;
  const found = findRunbook(source, rootDirectory);
  if (!found) return undefined;
  const { file, text } = found;
  const work = join(folder, "runbook");
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  try {
    copyFileSync(join(import.meta.dir, "runbook-runner.ts"), join(work, "runner.ts"));
    const outcome = await runInRoom({
      ...{ name: `${name}-runbook`, folder, limits: shortWorkLimits, network: false, secrets: {}, signal },
      writable: [{ source: work, target: "/work" }],
      readOnly: [
        { source, target: sourcePlace },
        { source: dirname(process.execPath), target: bunPlace },
      ],
      command: (at) => ({
        // Bun would fetch packages that it does not find.
        argv: [
          ...[at(process.execPath), "--no-install", `${at(work)}/runner.ts`],
          ...[join(at(source), file), `${at(work)}/result.json`],
        ],
        cwd: at(work),
        home: at(work),
        environment: { PATH: "/usr/bin:/bin", HOME: at(work), TMPDIR: at(work) },
      }),
      onLog: () => {},
    });
    signal?.throwIfAborted();
    if (outcome.ended === "wall_time") throw endless(found);
    if (outcome.outOfMemory) throw failed(placeOf(found, loop), "used more than 512 MB of memory");
    return { file, text, value: conclude(found, readShortResult<RunbookResult>(join(work, "result.json"))) };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/**
 * What the runbook in a person's own folder says: run as that person, with the same bounds of time, but without a room.
 *
 * @throws RunbookUnreadableError (`runbook_unreadable`)
 */
export async function evaluateOwnRunbook(
  source: string,
  rootDirectory = "",
): Promise<EvaluatedRunbook | undefined> {
  const found = findRunbook(source, rootDirectory);
  if (!found) return undefined;
  const work = mkdtempSync(join(tmpdir(), "ek-runbook-"));
  const resultPath = join(work, "result.json");
  const runner = join(import.meta.dir, "runbook-runner.ts");
  try {
    const child = Bun.spawn(
      [process.execPath, "--no-install", runner, join(found.root, found.file), resultPath],
      {
        // Bun would read a `.env` where it starts.
        ...{ cwd: work, env: { PATH: process.env["PATH"] ?? "", HOME: work, TMPDIR: work } },
        ...{ stdin: "ignore", stdout: "ignore", stderr: "ignore" },
        timeout: shortWallTimeMs,
        killSignal: "SIGKILL",
      },
    );
    await child.exited;
    if (child.signalCode === "SIGKILL") throw endless(found);
    return {
      file: found.file,
      text: found.text,
      value: conclude(found, readShortResult<RunbookResult>(resultPath)),
    };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

interface FoundRunbook {
  root: string;
  file: string;
  text: string;
}

function findRunbook(source: string, rootDirectory: string): FoundRunbook | undefined {
  const tree = new SourceTree(source);
  const folder = tree.appFolder(rootDirectory);
  for (const name of names) {
    const file = join(folder, name);
    const text = tree.readText(file);
    if (text === undefined) continue;
    if (text.length > largestTextBytes) throw failed(file, `is larger than ${largestTextBytes / 1024} KiB`);
    return { root: tree.root, file, text };
  }
  return undefined;
}

function conclude(found: FoundRunbook, result: RunbookResult | undefined): unknown {
  const { file } = found;
  switch (result?.kind) {
    case "value":
      return result.value;
    case "threw":
      throw failed(
        result.line === undefined ? placeOf(found, network) : `${file}:${result.line}`,
        `cannot be evaluated: ${result.message}`,
      );
    case "not_plain":
      throw failed(
        file,
        result.path === ""
          ? `exports ${result.what} by default`
          : `holds ${result.what} at ${result.path}, which is no plain data`,
      );
    default:
      throw failed(file, "ended before it had said anything");
  }
}

/** What plain data has no use for; the line on which it stands first is the one to look at when nothing else says which. */
const loop = /\b(?:while|for)\s*\(|\bdo\s*\{/;
const network = /\bfetch\s*\(|\bconnect\s*\(|\bWebSocket\b/;

const endless = (found: FoundRunbook): RunbookUnreadableError =>
  failed(placeOf(found, loop), `did not end within ${shortWallTimeMs / 1_000} s`);

function placeOf({ file, text }: FoundRunbook, pattern: RegExp): string {
  const index = text.split("\n").findIndex((line) => pattern.test(line));
  return index < 0 ? file : `${file}:${index + 1}`;
}

const failed = (place: string, what: string): RunbookUnreadableError =>
  new RunbookUnreadableError(`${place} ${what}`, {
    hint: "Export plain data: `export default { … } satisfies Runbook`, with `import type { Runbook }`. It runs before packages are installed, without a network.",
  });
