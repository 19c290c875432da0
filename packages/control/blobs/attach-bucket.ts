import { join } from "node:path";
import { blobsPath } from "@evenkeel/model";
import { getApp } from "../apps/app-store.ts";
import { hostUrl, type Place, releaseHost } from "../apps/hosts.ts";
import type { Database } from "../database/database.ts";
import { attachVariables } from "../deployments/attach-variables.ts";
import type { DeploymentRow } from "../deployments/deployment-row.ts";
import type { BuildLog } from "../logs/build-log.ts";
import { dependenciesOf } from "../source/source-dependencies.ts";
import type { Vault } from "../vault/vault.ts";
import type { BlobsLink } from "./blobs-link.ts";
import { hasBucket, wantBucket } from "./bucket-store.ts";
import { bucketVariables } from "./bucket-variables.ts";

/** Packages that speak S3's protocol. */
const clients = [
  "@aws-sdk/client-s3",
  "aws4fetch",
  "minio",
  "aws-sdk",
  "@bradenmacdonald/s3-lite-client",
  "s3mini",
];

/** Any of these from a person means storage elsewhere. */
const external = [
  "AWS_ACCESS_KEY_ID",
  "AWS_ENDPOINT_URL",
  "AWS_ENDPOINT_URL_S3",
  "S3_ENDPOINT",
  "S3_ACCESS_KEY_ID",
];

export interface AttachBucketParts {
  database: Database;
  vault: Vault;
  blobs: BlobsLink;
  place: Place;
}

/**
 * Gives a deployment the address and the credentials of its environment's bucket, which is made where the source depends on a client for S3.
 * May be repeated.
 *
 * @throws ReportedError, BlobsUnreachableError
 */
export async function attachBucket(
  { database, vault, blobs, place }: AttachBucketParts,
  deployment: Pick<DeploymentRow, "id" | "app" | "environment" | "branch" | "host" | "createdBy">,
  sourceFolder: string,
  log: BuildLog,
): Promise<void> {
  const { app, environment } = deployment;
  const { id: appId, settings } = await getApp(database, app);
  const dependencies = dependenciesOf(join(sourceFolder, settings.rootDirectory ?? ""));
  const client = clients.find((name) => dependencies.has(name));
  const exists = await hasBucket(database, deployment);
  if (client === undefined && !exists) return;
  const given = await database.query<{ name: string }>(
    "SELECT name FROM deployment_variables WHERE deployment = $1 AND name = ANY ($2) AND NOT attached",
    [deployment.id, external],
  );
  if (given.length > 0) {
    log.note(`Uses the storage that ${given.map((variable) => variable.name).join(", ")} name`);
    return;
  }
  await database.transaction((connection) => wantBucket(connection, deployment, deployment.createdBy));
  const { bucket, credentials } = await blobs.ask({ type: "ensure", appId, app, environment });
  if (!exists) log.note(`Made the bucket ${bucket!.bucket}: it depends on ${client}`);
  const host = releaseHost(app, environment, deployment.branch ?? undefined, place.domain) ?? deployment.host;
  await attachVariables(database, vault, deployment, {
    ...bucketVariables(credentials!, place),
    // For URLs that browsers get.
    S3_PUBLIC_ENDPOINT: `${hostUrl(host, place)}${blobsPath}`,
  });
  log.note(`Storage: AWS_ENDPOINT_URL_S3, S3_BUCKET and the like name the bucket of ${app}/${environment}`);
}
