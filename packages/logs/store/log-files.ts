import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { AppName, HomeLayout } from "@evenkeel/model";

/**
 * Files of one writer in an app's folder, each named after the number of its first line:
 *
 * - `tail`: the newest lines, as text, until they fill a block.
 * - `open`: blocks; more are appended.
 * - `seg`: blocks that are sealed: an index follows them and nothing is written any more.
 *
 * A line is in a tail or in a block; while a full tail is packed, in both, and its number says that it is the same.
 */
export type LogFileKind = "tail" | "open" | "seg";

export interface LogFile {
  path: string;
  writer: string;
  first: number;
  kind: LogFileKind;
}

export const logsFolder = (layout: Pick<HomeLayout, "logs">): string => join(layout.logs, "apps");
export const appLogFolder = (layout: Pick<HomeLayout, "logs">, app: AppName): string =>
  join(logsFolder(layout), app);

export const logFileName = (writer: string, first: number, kind: LogFileKind): string =>
  `${writer}.${String(first).padStart(15, "0")}.${kind}`;

/** Oldest first within each writer. */
export function listLogFiles(folder: string): LogFile[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  return names.sort().flatMap((name) => {
    const match = /^([a-z]+)\.(\d{15})\.(tail|open|seg)$/.exec(name);
    if (!match) return [];
    return [
      {
        path: join(folder, name),
        writer: match[1]!,
        first: Number(match[2]),
        kind: match[3] as LogFileKind,
      },
    ];
  });
}
