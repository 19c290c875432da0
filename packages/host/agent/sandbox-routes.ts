import { readFileSync } from "node:fs";
import type { HomeLayout, SandboxRoutes } from "@evenkeel/model";

/** How instances reach the twins of outside providers; undefined where the sandbox has never run. */
export function readSandboxRoutes(layout: Pick<HomeLayout, "sandboxRoutes">): SandboxRoutes | undefined {
  try {
    return JSON.parse(readFileSync(layout.sandboxRoutes, "utf8")) as SandboxRoutes;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
