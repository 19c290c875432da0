import { copyFileSync, mkdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { artifactFilePath, type HomeLayout, type StoredFile } from "@evenkeel/model";
import { EnvSchemaFailedError } from "../errors.ts";
import { runInRoom } from "../room/run-in-room.ts";
import { readShortResult, shortWallTimeMs, shortWorkLimits } from "../room/short-work.ts";
import { buildFolder } from "../vercel-build/build-folder.ts";
import { bunPlace } from "./bun-place.ts";
import type { SchemaFault, SchemaResult } from "./schema-runner.ts";
import { hiddenValues, scrub } from "./scrub.ts";

export interface CheckEnvironmentOptions {
  /** Unique among the rooms and build folders of this machine; a folder of that name is made and removed. */
  id: string;
  /** From `bundleEnvSchema`, in the artifact store. */
  schema: StoredFile;
  /** As instances would see it. */
  environment: Record<string, string>;
  signal?: AbortSignal;
}

export interface EnvironmentCheck {
  /** False: the file exports no Standard Schema, and says nothing of the environment. */
  hasSchema: boolean;
  /** All there are; never with a value. */
  faults: SchemaFault[];
}

/**
 * Has the app's schema validate an environment, in a room that has nothing but the two, no network and ten seconds.
 *
 * @throws EnvSchemaFailedError (`env_schema_failed`) where it throws, loops or ends early; RoomFailedError (`build_room_failed`)
 */
export async function checkEnvironment(
  layout: HomeLayout,
  { id, schema, environment, signal }: CheckEnvironmentOptions,
): Promise<EnvironmentCheck> {
  const folder = buildFolder(layout, id);
  const work = join(folder.path, "work");
  const hidden = hiddenValues(environment);
  await rm(folder.path, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  try {
    copyFileSync(artifactFilePath(layout, schema.hash), join(work, "env-schema.mjs"));
    for (const name of ["schema-runner.ts", "scrub.ts"])
      copyFileSync(join(import.meta.dir, name), join(work, name));
    const outcome = await runInRoom({
      name: `${id}-env`,
      folder: folder.path,
      writable: [{ source: work, target: "/work" }],
      readOnly: [{ source: dirname(process.execPath), target: bunPlace }],
      command: (at) => ({
        argv: [at(process.execPath), `${at(work)}/schema-runner.ts`],
        cwd: at(work),
        home: at(work),
        environment: { ...environment, PATH: "/usr/bin:/bin", HOME: at(work), TMPDIR: at(work) },
      }),
      limits: shortWorkLimits,
      network: false,
      secrets: {},
      onLog: () => {},
      signal,
    });
    signal?.throwIfAborted();
    if (outcome.ended === "wall_time") throw failed(`took longer than ${shortWallTimeMs / 1_000} s`);
    if (outcome.outOfMemory) throw failed("used more than 512 MB of memory");
    return conclude(readShortResult<SchemaResult>(join(work, "result.json")), hidden);
  } finally {
    await rm(folder.path, { recursive: true, force: true });
  }
}

function conclude(result: SchemaResult | undefined, hidden: string[]): EnvironmentCheck {
  switch (result?.kind) {
    case "checked":
      return {
        hasSchema: true,
        // The schema's own code ran beside the runner and could have written anything.
        faults: result.faults.map(({ name, message }) => ({ name, message: scrub(message, hidden) })),
      };
    case "none":
      return { hasSchema: false, faults: [] };
    case "several":
      throw failed(`exports several schemas (${result.names.join(", ")}), and none by default`);
    case "threw":
      throw failed(`threw ${scrub(result.message, hidden)}`);
    default:
      throw failed("ended before it had checked anything");
  }
}

const failed = (what: string): EnvSchemaFailedError =>
  new EnvSchemaFailedError(`The app's schema of its environment ${what}`, {
    hint: "Its env file has to export one Standard Schema (zod, valibot, arktype) by default, and must not need files or the network.",
  });
