import { existsSync, readFileSync } from "node:fs";
import type { App } from "@evenkeel/control";
import { type HomeLayout, outputPath } from "@evenkeel/model";
import { parseRecoveryKey, RebuildError, type RebuildReport, rebuildHome } from "@evenkeel/postgres";
import type { Command } from "commander";
import { UsageError } from "../errors.ts";
import { Progress } from "../output/progress.ts";
import { type PlaceOptions, readPlace } from "../platform/archive-place.ts";
import { completeOutputs } from "../platform/complete-outputs.ts";
import { connectControl } from "../platform/control.ts";
import { callerPath, findHome, makeHome, readConfig } from "../platform/home.ts";
import { provide } from "../platform/provide.ts";
import { requireFreePort, startPlatform } from "../platform/start.ts";
import { isSupervised } from "../platform/supervisor-client.ts";

interface RebuildOptions extends PlaceOptions {
  from: string;
  key: string;
  start: boolean;
  json?: boolean;
}

interface Rebuilt extends RebuildReport {
  home: string;
  url: string;
  /** Apps that answer again, with their release. */
  live?: { app: string; release: number }[];
  /** Apps whose newest release was not yet copied when the platform was lost. */
  incomplete?: string[];
}

export function registerRebuild(program: Command): void {
  program
    .command("rebuild")
    .summary("make a lost platform anew from its archive and recovery key")
    .description(
      "Makes the platform in an empty data directory from its archive and its recovery key alone, and starts it: keys, settings, releases, repositories, and all databases at their newest point. An interrupted rebuild is finished by the same command. The lost platform must not run any more: both would write to one archive.",
    )
    .requiredOption("--from <place>", "the archive: a folder, or s3://bucket/prefix")
    .requiredOption("--key <file>", "the file that `evenkeel backup export-key` wrote")
    .option("--endpoint <url>", "of a bucket that is not Amazon's (default AWS_ENDPOINT_URL)")
    .option("--region <name>", "of the bucket (default AWS_REGION, else us-east-1)")
    .option("--no-start", "do not start the platform")
    .option("--json", "print as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  evenkeel rebuild --from /mnt/backups --key /media/usb/evenkeel.key\n  evenkeel rebuild --from s3://acme-backups/evenkeel --key evenkeel.key --endpoint https://s3.example.com",
    )
    .action(rebuild);
}

async function rebuild(options: RebuildOptions): Promise<void> {
  const layout = findHome();
  const place = readPlace(options.from, options);
  const recoveryKey = parseRecoveryKey(readKeyFile(callerPath(options.key)));
  if (await isSupervised(layout)) {
    throw new RebuildError(`The platform of ${layout.home} is running`, {
      hint: "A platform is made anew in an empty data directory; EVENKEEL_HOME names another.",
    });
  }
  const progress = new Progress(options.json && !process.stderr.isTTY);
  let rebuilt: Rebuilt;
  try {
    makeHome(layout);
    const report = await rebuildHome({
      ...{ layout, place, recoveryKey },
      onProgress: ({ step, fraction }) => {
        progress.step(step);
        if (fraction !== undefined) progress.at(fraction);
      },
    });
    const config = readConfig(layout);
    rebuilt = { ...report, home: layout.home, url: `http://${config.domain}:${config.port}` };
    const majors = await completeOutputs(layout, progress);
    if (options.start) {
      await requireFreePort(config);
      await provide(layout, progress, majors);
      await startPlatform(layout, (step) => progress.step(step));
      rebuilt = { ...rebuilt, ...(await releases(layout)) };
    }
    progress.done();
  } catch (error) {
    progress.fail();
    throw error;
  }
  if (options.json) console.log(JSON.stringify(rebuilt));
  else console.log(describe(rebuilt));
  const failed = rebuilt.databases.some(({ error }) => error) || (rebuilt.incomplete ?? []).length > 0;
  if (failed) process.exitCode = 1;
}

function readKeyFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new UsageError(`The key file ${path} cannot be read`, { cause });
  }
}

/** A release is answered when the build output it points at was copied before the loss. */
async function releases(layout: HomeLayout): Promise<Pick<Rebuilt, "live" | "incomplete">> {
  const client = connectControl(layout);
  const { apps } = await client.listApps();
  const released = apps.filter((app): app is App & Required<Pick<App, "production">> => !!app.production);
  const there = await Promise.all(
    released.map(async ({ production }) => {
      const { output } = await client.getDeployment({ deployment: production.id });
      return output !== undefined && existsSync(outputPath(layout, output));
    }),
  );
  return {
    live: released
      .filter((_, index) => there[index])
      .map(({ name, production }) => ({ app: name, release: production.release })),
    incomplete: released.filter((_, index) => !there[index]).map(({ name }) => name),
  };
}

function describe({
  url,
  home,
  live,
  incomplete = [],
  databases,
  filesCopiedAtMs,
  lastCommit,
}: Rebuilt): string {
  const lines = [
    live ? `Evenkeel is up again: ${url}` : `The platform is in ${home}. Start it: evenkeel up --detach`,
    "",
  ];
  lines.push(`  files of        ${new Date(filesCopiedAtMs).toISOString()}`);
  if (lastCommit) lines.push(`  last change of  ${lastCommit}`);
  for (const { app, release } of live ?? []) lines.push(`  ${app.padEnd(14)}  v${release} is live`);
  for (const app of incomplete) {
    lines.push(
      `  ${app.padEnd(14)}  its newest release was not copied in time: deploy it, or evenkeel rollback ${app}`,
    );
  }
  for (const database of databases) {
    const newest = database.lastCommit ? `, last transaction ${database.lastCommit}` : "";
    const state = database.error ? `not restored: ${database.error.message}` : `restored${newest}`;
    lines.push(`  database ${database.app}/${database.environment} ${state}`);
  }
  return lines.join("\n");
}
