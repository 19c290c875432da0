import { statfsSync } from "node:fs";
import { dirname } from "node:path";
import { isolationMissing } from "@evenkeel/build";
import { isolationReport } from "@evenkeel/host";
import { formatSize, type HomeLayout } from "@evenkeel/model";
import { prepareServerBinaries } from "@evenkeel/postgres";
import type { Command } from "commander";
import { missingAppPackages } from "../platform/app-packages.ts";
import { connectControl } from "../platform/control.ts";
import { findHome, readConfig } from "../platform/home.ts";
import { requireFreePort } from "../platform/start.ts";
import { askStatus, isSupervised } from "../platform/supervisor-client.ts";

interface Finding {
  name: string;
  /** `missing`: the platform cannot work; `weak`: it works with less than it could. */
  verdict: "ok" | "weak" | "missing";
  detail: string;
  remedy?: string;
}

const controlLimitMs = 5_000;
const leastFreeBytes = 2 * 1024 ** 3;

export function registerDoctor(program: Command): void {
  program
    .command("doctor")
    .summary("say what this machine lacks, and how to get it")
    .description(
      "Checks this machine. Exit code 1 when something is missing without which the platform cannot work.",
    )
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel doctor")
    .action(async (options: { json?: boolean }) => {
      const findings = await examine(findHome());
      if (options.json) console.log(JSON.stringify(findings));
      else console.log(findings.map(describe).join("\n"));
      if (findings.some((finding) => finding.verdict === "missing")) process.exitCode = 1;
    });
}

async function examine(layout: HomeLayout): Promise<Finding[]> {
  const findings: Finding[] = [
    { name: "bun", verdict: "ok", detail: Bun.version },
    program("git", "needed for `git push`", "apt-get install git"),
    await postgres(),
    await port(layout),
    ...(await scheduler(layout)),
    ...(await backups(layout)),
    disk(layout),
    {
      name: "network",
      verdict: "weak",
      detail:
        "instances share the machine's network: an app can reach services on loopback and in the local network",
      remedy: "Protect such services by passwords, or filter by the uids of apps with nftables.",
    },
  ];
  const { checks } = isolationReport(layout);
  for (const check of checks) {
    findings.push({
      name: `instances: ${check.name}`,
      verdict: check.ok ? "ok" : "weak",
      detail: check.missing ?? "there",
      ...(check.remedy && { remedy: check.remedy }),
    });
  }
  for (const [app, packages] of missingAppPackages(layout)) {
    findings.push({
      name: `app ${app}`,
      verdict: "weak",
      detail: `its Aptfile names packages that this machine lacks: ${packages.join(", ")}`,
      remedy: `apt-get install ${packages.join(" ")}`,
    });
  }
  const lacking = isolationMissing();
  findings.push({
    name: "builds: room",
    verdict: lacking.length === 0 ? "ok" : "weak",
    detail:
      lacking.length === 0 ? "builds run isolated and bounded" : `builds run without ${lacking.join(", ")}`,
    ...(lacking.length > 0 && { remedy: "Run the platform as root on Linux with util-linux installed." }),
  });
  return findings;
}

function program(name: string, purpose: string, remedy: string): Finding {
  const path = Bun.which(name);
  return path
    ? { name, verdict: "ok", detail: path }
    : { name, verdict: "weak", detail: `missing; ${purpose}`, remedy };
}

async function postgres(): Promise<Finding> {
  try {
    const binaries = await prepareServerBinaries();
    return { name: "postgresql", verdict: "ok", detail: binaries.version };
  } catch (error) {
    return {
      name: "postgresql",
      verdict: "missing",
      detail: error instanceof Error ? error.message : String(error),
      remedy: "Run npm ci in the platform's folder again.",
    };
  }
}

async function port(layout: HomeLayout): Promise<Finding> {
  const config = readConfig(layout);
  const name = `port ${config.port}`;
  if (await isSupervised(layout)) return { name, verdict: "ok", detail: "the platform listens on it" };
  try {
    await requireFreePort(config);
    return { name, verdict: "ok", detail: "free" };
  } catch (error) {
    return {
      name,
      verdict: "missing",
      detail: error instanceof Error ? error.message : String(error),
      remedy: "evenkeel up --port 8080",
    };
  }
}

/** Asked of the supervisor, which sees it without control. */
async function scheduler(layout: HomeLayout): Promise<Finding[]> {
  if (!(await isSupervised(layout))) return [];
  const { scheduler: report } = await askStatus(layout);
  if (report?.state !== "stalled")
    return [{ name: "scheduler", verdict: "ok", detail: "scheduled jobs run" }];
  return [
    {
      name: "scheduler",
      verdict: "missing",
      detail: `no sign of life since ${new Date(report.sinceMs).toISOString()}: scheduled jobs do not run`,
      remedy: "Look at logs/platform/control.log, then: evenkeel restart control",
    },
  ];
}

/** What is promised about backups and is not kept; asked of control, as `status` does. */
async function backups(layout: HomeLayout): Promise<Finding[]> {
  if (!(await isSupervised(layout))) return [];
  try {
    const { alerts } = await connectControl(layout).getStatus(
      {},
      { signal: AbortSignal.timeout(controlLimitMs) },
    );
    if (alerts.length === 0)
      return [{ name: "backups", verdict: "ok", detail: "archived, and verified in time" }];
    return alerts.map((alert) => ({
      ...{ name: "backups", verdict: "missing", detail: alert },
      remedy: "evenkeel db list, evenkeel backup status, logs/platform/databases.log",
    }));
  } catch (error) {
    const detail = `control does not say how they are: ${error instanceof Error ? error.message : String(error)}`;
    return [{ name: "backups", verdict: "weak", detail, remedy: "Look at logs/platform/control.log" }];
  }
}

function disk(layout: HomeLayout): Finding {
  let folder = layout.home;
  for (;;) {
    try {
      const { bavail, bsize } = statfsSync(folder);
      const free = bavail * bsize;
      const detail = `${formatSize(free)} free for ${layout.home}`;
      return free >= leastFreeBytes
        ? { name: "disk", verdict: "ok", detail }
        : {
            name: "disk",
            verdict: "weak",
            detail,
            remedy: "Free some space: a build of a large app needs 2 GiB.",
          };
    } catch (error) {
      // Not made yet: its nearest parent is on the same disk.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT" || folder === dirname(folder)) throw error;
      folder = dirname(folder);
    }
  }
}

function describe({ name, verdict, detail, remedy }: Finding): string {
  const mark = { ok: "✓", weak: "!", missing: "✗" }[verdict];
  return `${mark} ${name.padEnd(24)} ${detail}${remedy && verdict !== "ok" ? `\n${" ".repeat(27)}→ ${remedy}` : ""}`;
}
