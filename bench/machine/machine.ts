import { readFileSync } from "node:fs";
import { cpus, release, totalmem, type } from "node:os";
import type { Machine } from "../report/report.ts";
import { repository } from "../repository.ts";

/** What the measurements run on. */
export function readMachine(): Machine {
  const all = cpus();
  return {
    cpu: all[0]?.model.trim() ?? "unknown processor",
    cores: all.length,
    memoryBytes: totalmem(),
    system: [readDistribution(), `${type()} ${release().replace(/^(\d+\.\d+).*/, "$1")}`]
      .filter(Boolean)
      .join(", "),
  };
}

/** Short hash of what is checked out, with `+` when files differ from it; `unknown` outside a repository. */
export function readCommit(): string {
  const git = (...words: string[]) => {
    const { exitCode, stdout } = Bun.spawnSync(["git", ...words], { cwd: repository, stderr: "ignore" });
    return exitCode === 0 ? stdout.toString().trim() : undefined;
  };
  const hash = git("rev-parse", "--short", "HEAD");
  if (hash === undefined) return "unknown";
  // What the measurements themselves write does not count.
  const changed = git(
    "status",
    "--porcelain",
    "--untracked-files=no",
    "--",
    ".",
    ":!docs/proof",
    ":!README.md",
  );
  return changed === "" ? hash : `${hash}+`;
}

/** os-release(5) */
function readDistribution(): string | undefined {
  try {
    return /^PRETTY_NAME="?([^"\n]+)"?$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1];
  } catch {
    return undefined;
  }
}
