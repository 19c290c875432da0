import type { DeploymentId, ServedDeployment } from "@evenkeel/model";
import type { AppRow } from "../apps/app-store.ts";
import type { DeploymentRow } from "../deployments/deployment-row.ts";
import { effectiveFormation, type FormationRow } from "../processes/formation-store.ts";
import { factorOf, type Scaling, scaled } from "../scaling/scaling.ts";

const defaultMaxInstances = 10;

/** Hashes of the keys by which its processes ask for flags and leave telemetry. */
export interface ServedKeys {
  flagsKeyHash: string | null;
  telemetryKeyHash: string | null;
}

export const servedKeyColumns = `flags_key_hash AS "flagsKeyHash", telemetry_key_hash AS "telemetryKeyHash"`;

/** What edges and host are told of a deployment that has its output. */
export function servedDeployment(
  deployment: Pick<
    DeploymentRow,
    "id" | "app" | "environment" | "output" | "host" | "createdAt" | "processes" | "systemEnvironment"
  > &
    ServedKeys,
  { settings }: AppRow,
  { formation, scalings }: { formation: FormationRow[]; scalings: readonly Scaling[] },
): ServedDeployment {
  const { id, app, environment, output, host, createdAt, processes, flagsKeyHash, telemetryKeyHash } =
    deployment;
  const memory = factorOf(scalings, "memory");
  const pageId = deployment.systemEnvironment["NEXT_DEPLOYMENT_ID"]?.slice("dpl_".length) as DeploymentId;
  return {
    ...{ id, app, environment, output: output!, host },
    createdAtMs: createdAt.getTime(),
    maxInstances: scaled(settings.maxInstances ?? defaultMaxInstances, factorOf(scalings, "instances")),
    ...(memory.factor > 1 && { memory: { factor: memory.factor, mostMb: memory.most } }),
    ...(flagsKeyHash === null ? {} : { flagsKeyHash }),
    ...(pageId && pageId !== id && { pageId }),
    ...(telemetryKeyHash === null ? {} : { telemetryKeyHash }),
    ...(processes && { formation: effectiveFormation(processes, formation, scalings) }),
  };
}
