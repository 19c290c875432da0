import { readFileSync } from "node:fs";
import { join } from "node:path";
import { entriesOf } from "@evenkeel/disk";
import { appLogFolder } from "@evenkeel/logs";
import { parseTail } from "@evenkeel/logs/store/tail-file";
import type { AppName, DeploymentId, HomeLayout } from "@evenkeel/model";

/** What a deployment's build log says: so few lines that none of them is packed yet. */
export function buildLogText(layout: HomeLayout, app: AppName, id: DeploymentId): string {
  const folder = appLogFolder(layout, app);
  const tails = entriesOf(folder).filter(({ name }) => /^control\..*\.tail$/.test(name));
  return tails
    .flatMap(({ name }) => parseTail(readFileSync(join(folder, name), "utf8")))
    .flatMap(({ deployment, text }) => (deployment === id ? [text] : []))
    .join("\n");
}
