import type { ErrorJson } from "@evenkeel/model";
import type { Deployment, DeploymentSummary, Step } from "../api/contract/index.ts";
import { hostUrl, type Place } from "../apps/hosts.ts";
import type { Connection } from "../database/connection.ts";
import { gatesOf } from "../gates/gate-store.ts";
import { condemnationOf } from "../releases/condemnations.ts";
import { releasesOf } from "../releases/release-store.ts";
import { type DeploymentRow, getSteps, type StepRow } from "./deployment-row.ts";

export function summaryView(row: DeploymentRow, place: Place): DeploymentSummary {
  return {
    id: row.id,
    app: row.app,
    environment: row.environment,
    state: row.state,
    kind: row.kind,
    ...(row.branch === null ? {} : { branch: row.branch }),
    url: hostUrl(row.host, place),
    createdAtMs: row.createdAt.getTime(),
    createdBy: row.createdBy,
    ...(row.readyAt === null ? {} : { readyAtMs: row.readyAt.getTime() }),
    ...(row.git === null ? {} : { git: row.git }),
    ...(row.error === null ? {} : { error: row.error }),
  };
}

export function stepView(row: StepRow): Step {
  return {
    name: row.name,
    state: row.state,
    ...(row.startedAt === null ? {} : { startedAtMs: row.startedAt.getTime() }),
    ...(row.endedAt === null ? {} : { endedAtMs: row.endedAt.getTime() }),
    ...(row.error === null ? {} : { error: row.error }),
  };
}

export async function deploymentView(
  connection: Connection,
  row: DeploymentRow,
  place: Place,
): Promise<Deployment> {
  const steps = await getSteps(connection, row.id);
  const releases = await releasesOf(connection, row.id);
  const condemned = await condemnationOf(connection, row.id);
  const [rest] = await connection.query<{ aliases: string[]; variables: string[] }>(
    `SELECT ARRAY(SELECT host FROM aliases WHERE deployment = $1 AND kind <> 'deployment'
         ORDER BY array_position(ARRAY['production', 'domain', 'staging', 'branch'], kind), host) AS aliases,
       ARRAY(SELECT name FROM deployment_variables WHERE deployment = $1 ORDER BY name) AS variables`,
    [row.id],
  );
  return {
    ...summaryView(row, place),
    steps: steps.map(stepView),
    aliases: rest!.aliases.map((host) => hostUrl(host, place)),
    releases: releases.map(({ environment, version, host, current }) => ({
      environment,
      version,
      host,
      current,
    })),
    ...(row.output === null ? {} : { output: row.output }),
    sourceHash: row.sourceHash,
    variables: rest!.variables,
    gates: await gatesOf(connection, row.id),
    ...withheldOf(row, steps),
    ...(condemned && { condemned }),
  };
}

function withheldOf({ state }: DeploymentRow, steps: StepRow[]): Pick<Deployment, "withheld"> {
  const withheld =
    state === "ready" && steps.find(({ result }) => result?.["withheld"])?.result?.["withheld"];
  return withheld ? { withheld: withheld as ErrorJson } : {};
}
