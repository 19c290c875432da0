import { availableParallelism, platform } from "node:os";
import { ToolMissingError } from "../errors.ts";
import { processTree } from "./process-tree.ts";
import { toolPath } from "./tools.ts";

/** Numbers of two cores: what is measured has one for itself, what makes the load the other. */
export interface Cores {
  server: number;
  load: number;
}

/**
 * First and last core, which are never the two threads of one core where a core has two.
 *
 * @throws ToolMissingError where processes cannot be bound to cores, or there is only one
 */
export function chooseCores(): Cores {
  if (platform() !== "linux") {
    throw new ToolMissingError("The measurements need Linux: they bind processes to cores and read /proc");
  }
  const count = availableParallelism();
  if (count >= 2) return { server: count - 1, load: 0 };
  throw new ToolMissingError("The measurements need two cores: one for the server, one for the load");
}

/** The command, bound to a core with all that it starts. */
export const onCore = (core: number, command: string[]): string[] => [
  toolPath("taskset"),
  "--cpu-list",
  String(core),
  ...command,
];

/** Binds a running process, all below it, and all threads of them; later ones inherit it. */
export function pinTree(root: number, core: number): void {
  for (const { pid } of processTree(root)) {
    Bun.spawnSync([toolPath("taskset"), "--all-tasks", "--cpu-list", "--pid", String(core), String(pid)], {
      stdout: "ignore",
      stderr: "ignore",
    });
  }
}
