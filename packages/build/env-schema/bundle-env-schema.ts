import { existsSync, lstatSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { EnvSchemaUnreadableError } from "../errors.ts";
import { roomLimits } from "../room/room-limits.ts";
import { type RoomLogLine, runInRoom } from "../room/run-in-room.ts";
import type { BuildFolder } from "../vercel-build/build-folder.ts";
import { sourcePlace } from "../vercel-build/build-room.ts";
import { bunPlace } from "./bun-place.ts";
import { envSchemaNames } from "./schema-names.ts";

const limits = roomLimits({
  cpus: 1,
  memoryBytes: 1024 ** 3,
  processes: 64,
  wallTimeMs: 60_000,
  diskBytes: 16 * 1024 ** 2,
});

export interface BundledEnvSchema {
  /** As people know it: `env.ts`. */
  name: string;
  /** One file, without imports of others. */
  path: string;
}

/**
 * Makes one file of the app's `env.ts` and all that it imports, while its `node_modules` are there, so that later changes of variables can be checked
 * by it. It is done in a room as the build itself: a bundler runs macros of what it bundles, and reads what is imported.
 *
 * @param rootDirectory of the app in the source
 * @returns undefined where the app has none
 * @throws EnvSchemaUnreadableError (`env_schema_unreadable`), RoomFailedError (`build_room_failed`)
 */
export async function bundleEnvSchema(
  folder: BuildFolder,
  rootDirectory: string,
  signal?: AbortSignal,
): Promise<BundledEnvSchema | undefined> {
  const project = join(folder.source, rootDirectory);
  const name = envSchemaNames.find((candidate) => isFile(join(project, candidate)));
  if (name === undefined) return undefined;
  const output = join(folder.path, "env-schema");
  rmSync(output, { recursive: true, force: true });
  mkdirSync(output);
  const lines: RoomLogLine[] = [];
  const outcome = await runInRoom({
    name: `${folder.id}-env`,
    folder: folder.path,
    writable: [{ source: output, target: "/out" }],
    readOnly: [
      { source: folder.source, target: sourcePlace },
      { source: dirname(process.execPath), target: bunPlace },
    ],
    command: (at) => ({
      argv: [
        at(process.execPath),
        ...["build", join(at(project), name), "--target=bun", "--format=esm"],
        `--outfile=${at(output)}/env-schema.mjs`,
      ],
      cwd: at(output),
      home: at(output),
      environment: { PATH: "/usr/bin:/bin", HOME: at(output), TMPDIR: at(output), NO_COLOR: "1" },
    }),
    limits,
    network: false,
    secrets: {},
    onLog: (line) => lines.push(line),
    signal,
  });
  const path = join(output, "env-schema.mjs");
  if (outcome.exitCode === 0 && outcome.ended === undefined && isFile(path)) return { name, path };
  const told = lines.filter(({ stream, text }) => stream !== "platform" && text.trim() !== "");
  const why =
    outcome.endReason ??
    told
      .slice(0, 6)
      .map(({ text }) => text.trim())
      .join("\n");
  throw new EnvSchemaUnreadableError(`${name} and what it imports cannot be made one file: ${why}`, {
    hint: "Import only what the app's own files and its dependencies have; rename the file if it is no schema of the environment.",
  });
}

/** Not through a link: the room could have left one that leads out of it. */
const isFile = (path: string): boolean => existsSync(path) && lstatSync(path).isFile();
