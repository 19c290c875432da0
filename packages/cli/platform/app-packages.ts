import { readFileSync } from "node:fs";
import { join } from "node:path";
import { missingSystemPackages } from "@evenkeel/build";
import { type BuildOutput, type HomeLayout, outputPath, type ServingState } from "@evenkeel/model";

/**
 * The Debian packages that Aptfiles of released apps name and this machine does not have, by app. From the host's last known state, so
 * that it can be asked while nothing runs.
 */
export function missingAppPackages(layout: HomeLayout): Map<string, string[]> {
  const missing = new Map<string, string[]>();
  const state = readJson<ServingState>(join(layout.serving, "host.json"));
  if (!state) return missing;
  const released = new Set(
    Object.values(state.aliases)
      .filter(({ release }) => release !== undefined)
      .map(({ deployment }) => deployment),
  );
  for (const { id, app, output, formation } of Object.values(state.deployments)) {
    if (!formation || !released.has(id)) continue;
    const packages = readJson<BuildOutput>(outputPath(layout, output))?.services?.systemPackages ?? [];
    const lacking = missingSystemPackages(packages) ?? [];
    if (lacking.length > 0) missing.set(app, [...new Set([...(missing.get(app) ?? []), ...lacking])]);
  }
  return missing;
}

function readJson<Value>(path: string): Value | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Value;
  } catch {
    // Not there before the first deploy.
    return undefined;
  }
}
