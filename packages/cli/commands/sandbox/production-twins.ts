import { readFileSync } from "node:fs";
import type { HomeLayout, SandboxRoutes } from "@evenkeel/model";

/** Apps whose production talks to twins instead of the real providers: people must not overlook it. */
export function productionTwins(layout: Pick<HomeLayout, "sandboxRoutes">): string[] {
  try {
    const { enabled } = JSON.parse(readFileSync(layout.sandboxRoutes, "utf8")) as SandboxRoutes;
    return enabled.filter((key) => key.endsWith("/production")).map((key) => key.slice(0, key.indexOf("/")));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
