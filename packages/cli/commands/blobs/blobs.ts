import type { AppName, BucketReport } from "@evenkeel/model";
import { formatSize, parseAppName } from "@evenkeel/model";
import type { Command } from "commander";
import { UsageError } from "../../errors.ts";
import { confirm } from "../../output/confirm.ts";
import { formatAge, formatTable } from "../../output/table.ts";
import { withControl } from "../../platform/control.ts";
import {
  type DeployableEnvironment,
  deployableEnvironments,
  readEnvironment,
} from "../../platform/environment-option.ts";

interface BucketOptions {
  env: string;
  json?: boolean;
  yes?: boolean;
}

export function registerBlobs(program: Command): void {
  const blobs = program
    .command("blobs")
    .summary("the S3 buckets of apps")
    .description(
      "Each environment of an app can have a bucket, which any S3 client reaches by AWS_ENDPOINT_URL_S3 and its like. What is overwritten or deleted is kept for seven days, so a bucket goes back to any moment of these.",
    )
    .addHelpText(
      "after",
      `
Examples:
  evenkeel blobs list
  evenkeel blobs create shop
  evenkeel blobs restore shop --to "2026-03-01 14:05:00Z"`,
    );
  blobs
    .command("list")
    .alias("ls")
    .summary("list buckets with their size")
    .argument("[app]", "only this app's")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel blobs list shop")
    .action(list);
  bucketCommand(blobs, "create", "make a bucket")
    .addHelpText(
      "after",
      "\nDeployments that begin afterwards get its address.\n\nExample:\n  evenkeel blobs create shop --env staging",
    )
    .action(create);
  bucketCommand(blobs, "credentials", "print endpoint, bucket and keys as lines of a .env file")
    .addHelpText("after", "\nExample:\n  evenkeel blobs credentials shop > .env.local")
    .action(credentials);
  bucketCommand(blobs, "restore", "set all objects back to what they were at a moment")
    .requiredOption("--to <time>", "a time with its zone: 2026-03-01T14:05:00Z")
    .option("-y, --yes", "do not ask")
    .addHelpText(
      "after",
      "\nThe objects as they are now are kept, too: a restore to the present moment brings them back.\n\nExample:\n  evenkeel blobs restore shop --to 2026-03-01T14:05:00Z",
    )
    .action(restore);
  bucketCommand(blobs, "remove", "remove a bucket; its files stay for seven days")
    .option("-y, --yes", "do not ask")
    .addHelpText("after", "\nExample:\n  evenkeel blobs remove shop --env preview")
    .action(remove);
}

const bucketCommand = (blobs: Command, name: string, summary: string): Command =>
  blobs
    .command(name)
    .summary(summary)
    .argument("<app>", "name of the app")
    .option("--env <environment>", "production, staging or preview", "production")
    .option("--json", "print as JSON");

/** @throws UsageError */
const owner = (
  app: string,
  { env }: BucketOptions,
): { app: AppName; environment: DeployableEnvironment } => ({
  app: parseAppName(app),
  environment: readEnvironment(env, deployableEnvironments, "environment with a bucket"),
});

async function list(app: string | undefined, options: { json?: boolean }): Promise<void> {
  const { buckets } = await withControl((client) =>
    app === undefined ? client.listAllBuckets() : client.listBuckets({ app: parseAppName(app) }),
  );
  if (options.json) return void console.log(JSON.stringify(buckets));
  if (buckets.length === 0) return void console.log("No buckets yet. Make one: evenkeel blobs create APP");
  console.log(formatTable(["app", "bucket", "objects", "size", "kept", "made"], buckets.map(row)));
}

const row = ({
  app,
  environment,
  bucket,
  objects,
  bytes,
  keptBytes,
  createdAtMs,
}: BucketReport): string[] => [
  `${app}/${environment}`,
  bucket,
  String(objects),
  formatSize(bytes),
  formatSize(keptBytes),
  formatAge(createdAtMs),
];

async function create(app: string, options: BucketOptions): Promise<void> {
  const { bucket } = await withControl((client) => client.createBucket(owner(app, options)));
  if (options.json) return void console.log(JSON.stringify(bucket));
  console.log(`The bucket ${bucket.bucket} is there. Deploy the app to give it its address.`);
}

async function credentials(app: string, options: BucketOptions): Promise<void> {
  const { variables } = await withControl((client) => client.getBucketCredentials(owner(app, options)));
  if (options.json) return void console.log(JSON.stringify(variables));
  for (const [name, value] of Object.entries(variables)) console.log(`${name}=${value}`);
}

async function restore(app: string, options: BucketOptions & { to: string }): Promise<void> {
  const toMs = /(?:Z|[+-]\d\d:?\d\d)$/.test(options.to) ? Date.parse(options.to) : Number.NaN;
  if (Number.isNaN(toMs)) {
    throw new UsageError(`--to "${options.to}" is no time with its zone`, {
      hint: "Write it like 2026-03-01T14:05:00Z.",
    });
  }
  const name = owner(app, options);
  if (!options.yes) await confirm(`what was written to the bucket of ${app} since ${options.to}`, app);
  const restored = await withControl((client) => client.restoreBucket({ ...name, toMs }));
  if (options.json) return void console.log(JSON.stringify(restored));
  console.log(`${restored.restored} objects came back, ${restored.removed} went.`);
}

async function remove(app: string, options: BucketOptions): Promise<void> {
  const name = owner(app, options);
  if (!options.yes) await confirm(`the bucket of ${app} in ${name.environment}`, app);
  const { folder } = await withControl((client) => client.removeBucket(name));
  if (options.json) return void console.log(JSON.stringify({ folder }));
  console.log(
    folder
      ? `Removed. Its files stay in ${folder} for seven days.`
      : `${app} had no bucket in ${name.environment}.`,
  );
}
