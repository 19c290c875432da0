import { buildFolder, evaluateRunbook } from "@evenkeel/build";
import type { HomeLayout } from "@evenkeel/model";
import { readRunbook } from "@evenkeel/runbook";
import type { Database } from "../database/database.ts";
import type { DeploymentRow } from "../deployments/deployment-row.ts";
import type { BuildLog } from "../logs/build-log.ts";
import { noteRunbook } from "./runbook-store.ts";

/**
 * Notes what the `runbook.ts` of a deployment's source says; in force with its release. One that is wrong ends the deployment here, before
 * anything is built, and the one in force stays. May be repeated.
 *
 * @throws RunbookUnreadableError, RunbookInvalidError with lines; RoomFailedError
 */
export async function takeRunbook(
  { layout, database }: { layout: HomeLayout; database: Database },
  deployment: Pick<DeploymentRow, "id">,
  rootDirectory: string,
  log: BuildLog,
  signal: AbortSignal,
): Promise<void> {
  const folder = buildFolder(layout, deployment.id);
  const evaluated = await evaluateRunbook({
    ...{ name: deployment.id, folder: folder.path, source: folder.source, rootDirectory, signal },
  });
  if (!evaluated) return noteRunbook(database, deployment.id, undefined);
  const { clauses } = readRunbook(evaluated);
  await noteRunbook(database, deployment.id, evaluated);
  const byHand = clauses.filter((clause) => clause.byHand).length;
  const people = byHand === 0 ? "" : `, ${byHand} of them kept by people`;
  log.note(`${evaluated.file}: ${clauses.length} clauses${people}`);
}
