import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { DeploymentId } from "@evenkeel/model";
import type { RuntimeLogLine } from "../api/contract/index.ts";
import { FileTail } from "./file-tail.ts";

const lookEveryMs = 200;

/** As the host writes it. */
interface WrittenLine {
  t: number;
  deployment: DeploymentId;
  instance?: string;
  function?: string;
  process?: string;
  stream: RuntimeLogLine["stream"];
  line: string;
}

export interface RuntimeLogWish {
  /** Folders of deployments (`logs/<app>/<deployment>`); asked again while following, as deployments come and go. */
  folders: () => Promise<string[]>;
  follow: boolean;
  /** Earlier lines are left out. */
  sinceMs?: number | undefined;
  signal: AbortSignal;
}

/**
 * The lines of `runtime-<n>.ndjson` of one deployment or several, by their time as far as they are there; then, with `follow`, those
 * that come. Looking 5 times a second costs a few stats and finds files that are rotated in, which watching files does not.
 */
export async function* readRuntimeLog(wish: RuntimeLogWish): AsyncGenerator<RuntimeLogLine, void, void> {
  const tails = new Map<string, FileTail>();
  try {
    for (;;) {
      const lines: RuntimeLogLine[] = [];
      for (const path of await logFiles(await wish.folders())) {
        let tail = tails.get(path);
        if (!tail) {
          tail = new FileTail(path);
          tails.set(path, tail);
        }
        for await (const text of tail.read()) {
          const line = readLine(text);
          if (line && line.atMs >= (wish.sinceMs ?? 0)) lines.push(line);
        }
      }
      yield* lines.sort((a, b) => a.atMs - b.atMs);
      if (!wish.follow || wish.signal.aborted) return;
      await Bun.sleep(lookEveryMs);
    }
  } finally {
    for (const tail of tails.values()) await tail.close();
  }
}

async function logFiles(folders: string[]): Promise<string[]> {
  const files: string[] = [];
  for (const folder of folders) {
    const names = await readdir(folder).catch(() => []);
    const numbered = names.flatMap((name) => {
      const number = /^runtime-(\d+)\.ndjson$/.exec(name)?.[1];
      return number === undefined ? [] : [{ name, number: Number(number) }];
    });
    for (const { name } of numbered.sort((a, b) => a.number - b.number)) files.push(join(folder, name));
  }
  return files;
}

function readLine(text: string): RuntimeLogLine | undefined {
  try {
    const { t, stream, line, deployment, instance, function: fn, process } = JSON.parse(text) as WrittenLine;
    return {
      ...{ atMs: t, stream, text: line, deployment },
      ...(instance === undefined ? {} : { instance }),
      ...(fn === undefined ? {} : { function: fn }),
      ...(process === undefined ? {} : { process }),
    };
  } catch {
    // Half a line that a crash of the host left behind.
    return undefined;
  }
}
