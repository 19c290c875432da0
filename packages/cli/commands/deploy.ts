import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packSource } from "@evenkeel/build";
import type { ControlClient, Deployment } from "@evenkeel/control";
import { type AppName, formatSize, parseRolloutSteps } from "@evenkeel/model";
import type { Command } from "commander";
import { Progress } from "../output/progress.ts";
import { appFolder, appNameFor, readGitInfo } from "../platform/app-folder.ts";
import { withControl } from "../platform/control.ts";
import { readEnvFile } from "../platform/env-file.ts";
import { followDeployment } from "../platform/follow-deployment.ts";
import { callerPath } from "../platform/home.ts";

interface DeployOptions {
  app?: string;
  prod?: boolean;
  prebuilt?: boolean;
  branch?: string;
  envFile?: string;
  message?: string;
  approveMigrations?: string;
  ignoreSchema?: boolean;
  canary?: string;
  json?: boolean;
}

export function registerDeploy(program: Command): void {
  program
    .command("deploy")
    .summary("deploy a folder")
    .description(
      "Builds a folder and brings it live: a preview, or production with --prod. The deployment's own URL is the last line of standard output.",
    )
    .argument("[folder]", "the app's folder", ".")
    .option("-a, --app <name>", "app to deploy to (default: the name in package.json, or the folder's)")
    .option("--prod", "deploy to production")
    .option("--prebuilt", "deploy an existing .vercel/output instead of building")
    .option("--branch <name>", "branch of a preview (default: git's current one)")
    .option("--env-file <file>", "variables of this deployment, on top of the environment's")
    .option("-m, --message <text>", "reason, kept in the ledger of releases")
    .option("--approve-migrations <key>", "approve the pending migrations that db migrate --dry-run showed")
    .option("--ignore-schema", "although the source is older than the database; needs --message")
    .option("--canary <steps>", 'release in steps: "5% for 2 minutes, 25%, 100%"; none: at once')
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  evenkeel deploy\n  evenkeel deploy ./shop --app shop --prod\n  vercel build --prod && evenkeel deploy --prebuilt --prod",
    )
    .action(deploy);
}

async function deploy(named: string, options: DeployOptions): Promise<void> {
  const folder = appFolder(named);
  const app = appNameFor(folder, options.app);
  if (options.canary !== undefined) parseRolloutSteps(options.canary);
  const variables = options.envFile === undefined ? undefined : readEnvFile(callerPath(options.envFile));
  const progress = new Progress(options.json && !process.stderr.isTTY);
  try {
    const deployment = await withControl(async (client) => {
      const upload = await uploadSource(client, app, folder, options, progress);
      if (options.approveMigrations !== undefined) {
        const { approveMigrations: key, message: reason } = options;
        const environment = options.prod ? "production" : "preview";
        await client.approveMigrations({ app, environment, key, ...(reason && { reason }) });
      }
      const git = readGitInfo(folder);
      const branch = options.prod ? undefined : (options.branch ?? git?.ref);
      const created = await client.createDeployment({
        app,
        upload,
        kind: options.prebuilt ? "prebuilt" : "source",
        environment: options.prod ? "production" : "preview",
        ...(branch && { branch }),
        ...(git && { git }),
        ...(variables && { variables }),
        ...(options.message && { reason: options.message }),
        ...(options.ignoreSchema && { ignoreSchema: true }),
        ...(options.canary !== undefined && { canary: options.canary }),
      });
      return followDeployment(client, created, progress);
    });
    progress.done();
    report(deployment, options);
  } catch (error) {
    progress.fail();
    throw error;
  }
}

async function uploadSource(
  client: ControlClient,
  app: AppName,
  folder: string,
  options: DeployOptions,
  progress: Progress,
): Promise<string> {
  progress.step(`Packing ${folder}`);
  const scratch = await mkdtemp(join(tmpdir(), "evenkeel-"));
  try {
    const packed = await packSource(folder, join(scratch, "source.tar.zst"), {
      prebuilt: options.prebuilt === true,
    });
    await client.ensureApp({ app });
    progress.step(`Uploading ${packed.fileCount} files, ${formatSize(packed.sizeBytes)}`);
    await client.putUpload(
      { app, sha256: packed.sha256, sizeBytes: packed.sizeBytes },
      Bun.file(packed.path),
    );
    return packed.sha256;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function report(deployment: Deployment, options: DeployOptions): void {
  if (options.json) {
    const { id, app, environment, url, aliases } = deployment;
    console.log(JSON.stringify({ id, app, environment, url, host: new URL(url).hostname, aliases }));
    return;
  }
  for (const alias of deployment.aliases) process.stderr.write(`Live at ${alias}\n`);
  console.log(deployment.url);
}
