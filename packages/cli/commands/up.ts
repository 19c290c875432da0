import { existsSync } from "node:fs";
import type { HomeLayout, PlatformConfig } from "@evenkeel/model";
import { RebuildError, rebuildMark } from "@evenkeel/postgres";
import type { Command } from "commander";
import { UsageError } from "../errors.ts";
import { Progress } from "../output/progress.ts";
import { connectControl } from "../platform/control.ts";
import { findHome, makeHome, readConfig, writeConfig } from "../platform/home.ts";
import { provide } from "../platform/provide.ts";
import { requireFreePort, startPlatform } from "../platform/start.ts";
import { askSupervisor, isSupervised } from "../platform/supervisor-client.ts";

interface UpOptions {
  detach?: boolean;
  port?: string;
  domain?: string;
  address?: string;
  edges?: string;
  json?: boolean;
}

export function registerUp(program: Command): void {
  program
    .command("up")
    .summary("start the platform")
    .description(
      "Installs what is missing, starts the platform and prints its URLs. Settings are kept for the next start.",
    )
    .option("-d, --detach", "leave it running in the background")
    .option("--port <number>", "TCP port of the edge (default 7080)")
    .option("--domain <name>", "apps are served under <app>.<name> (default localhost)")
    .option("--address <ip>", "address the edge listens on (default 127.0.0.1)")
    .option("--edges <count>", "edge processes (default one per core)")
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  evenkeel up --detach\n  evenkeel up --detach --port 8080 --domain apps.example.com --address 0.0.0.0",
    )
    .action(up);
}

async function up(options: UpOptions): Promise<void> {
  const layout = findHome();
  const progress = new Progress(options.json && !process.stderr.isTTY);
  const config = mergeConfig(readConfig(layout), options);
  if (await isSupervised(layout)) {
    refuseOtherSettings(readConfig(layout), config);
    await askSupervisor(layout, { type: "wait" }, (step) => progress.step(step));
    progress.done();
    return report(layout, config, options, true);
  }
  refuseHalfRebuilt(layout);
  makeHome(layout);
  await requireFreePort(config);
  writeConfig(layout, config);
  try {
    await provide(layout, progress);
    await startPlatform(layout, (step) => progress.step(step));
    progress.done();
  } catch (error) {
    progress.fail();
    throw error;
  }
  await report(layout, config, options, false);
  if (!options.detach) await stayUntilInterrupted(layout);
}

/** Its databases are not all there: a start would make empty ones. */
function refuseHalfRebuilt(layout: HomeLayout): void {
  if (!existsSync(rebuildMark(layout))) return;
  throw new RebuildError(`The rebuild of ${layout.home} is not finished`, {
    hint: "Run `evenkeel rebuild` with the same words again; it goes on where it was interrupted.",
  });
}

/** @throws UsageError where options ask for what a running platform cannot take over */
function refuseOtherSettings(running: PlatformConfig, wanted: PlatformConfig): void {
  for (const name of ["port", "domain", "address", "edges"] as const) {
    if (running[name] === wanted[name]) continue;
    throw new UsageError(`The platform is running with --${name} ${running[name]}, not ${wanted[name]}`, {
      hint: "Settings change at a start: evenkeel down, then evenkeel up with the new ones.",
    });
  }
}

function mergeConfig(config: PlatformConfig, options: UpOptions): PlatformConfig {
  const merged = { ...config };
  if (options.port !== undefined) merged.port = wholeNumber("--port", options.port, 1, 65_535);
  if (options.edges !== undefined) merged.edges = wholeNumber("--edges", options.edges, 1, 64);
  if (options.address !== undefined) merged.address = options.address;
  if (options.domain !== undefined) {
    if (!/^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/.test(options.domain) || options.domain.includes("..")) {
      throw new UsageError(`--domain "${options.domain}" is no host name`, {
        hint: "Use lower-case letters, digits, hyphens and dots: apps.example.com",
      });
    }
    merged.domain = options.domain;
  }
  return merged;
}

export function wholeNumber(option: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new UsageError(`${option} "${text}" is not a number that can be used`, {
      hint: `Give a whole number from ${least} to ${most}.`,
    });
  }
  return value;
}

async function report(
  layout: HomeLayout,
  config: PlatformConfig,
  options: UpOptions,
  already: boolean,
): Promise<void> {
  const ownerLink = await firstOwnerLink(layout);
  const url = `http://${config.domain}:${config.port}`;
  if (options.json) {
    console.log(
      JSON.stringify({ url, home: layout.home, alreadyRunning: already, ...(ownerLink && { ownerLink }) }),
    );
    return;
  }
  console.log(`Evenkeel is ${already ? "already running" : "up"}: ${url}

  console   ${url}
  apps      http://<app>.${config.domain}:${config.port}
  git       git push http://token@${config.domain}:${config.port}/<app>.git main
  data      ${layout.home}

Deploy an app:  evenkeel deploy path/to/app --prod`);
  if (ownerLink) {
    console.log(`
Nobody owns this platform yet. Whoever opens this link first becomes its owner; it works once, for 24 hours:
  ${ownerLink}`);
  }
  if (!existsSync(layout.recoveryKeyExported)) {
    console.log(`
Nobody has this platform's recovery key yet. Without it, no backup can be read once this machine is lost:
  evenkeel backup export-key FILE     (keep FILE elsewhere)
  evenkeel backup to PLACE            (keep the backups elsewhere, too)`);
  }
}

async function firstOwnerLink(layout: HomeLayout): Promise<string | undefined> {
  const client = connectControl(layout);
  const { hasOwner } = await client.getSignIn();
  return hasOwner ? undefined : (await client.makeOwnerLink()).link;
}

async function stayUntilInterrupted(layout: HomeLayout): Promise<void> {
  console.log("\nPress Ctrl-C to stop.");
  await new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
  const progress = new Progress();
  await askSupervisor(layout, { type: "stop" }, (step) => progress.step(step));
  progress.done();
}
