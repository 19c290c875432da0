import { existsSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type HomeLayout, nodeRuntimeFolder } from "@evenkeel/model";
import { RuntimeMissingError, RuntimeUnsupportedError } from "../errors.ts";
import type { Runtime } from "../isolation/cell.ts";

/**
 * The program that runs a function's `runtime` (`nodejs24.x`, `bun1.x`).
 *
 * @throws RuntimeUnsupportedError, RuntimeMissingError
 */
export function findRuntime(layout: Pick<HomeLayout, "toolchain">, runtime: string): Runtime {
  if (/^bun1(\.|$)/.test(runtime)) {
    // The platform's own.
    const program = realpathSync(process.execPath);
    return { key: "bun1", folder: dirname(program), program: basename(program) };
  }
  const major = /^nodejs(\d+)\.x$/.exec(runtime)?.[1];
  if (major === undefined) {
    throw new RuntimeUnsupportedError(`Runtime ${JSON.stringify(runtime.slice(0, 40))} cannot be run`, {
      hint: "Use nodejs24.x, nodejs22.x, nodejs20.x or bun1.x.",
    });
  }
  const folder = nodeRuntimeFolder(layout, Number(major));
  if (!existsSync(join(folder, "bin/node"))) {
    throw new RuntimeMissingError(`Node ${major} is not installed in the toolchain`, {
      hint: "Deploy again: a deploy installs the runtime that it asks for.",
    });
  }
  // The real path: a private root shows one folder, and a link out of it would lead nowhere.
  return { key: `node${major}`, folder: realpathSync(folder), program: "bin/node" };
}
