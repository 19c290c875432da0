import type { AppName, DeploymentId, ErrorJson, OutputId, RolloutStep } from "@evenkeel/model";
import type { DeployableEnvironment, DeploymentState, GitInfo, StepName } from "../api/contract/index.ts";
import { type Connection, first } from "../database/connection.ts";
import { DeploymentUnknownError } from "../errors.ts";
import type { Declared } from "./configure.ts";

export type DeploymentSource = { upload: string } | { commit: string };

export interface DeploymentRow {
  id: DeploymentId;
  /** Order of acceptance. */
  sequence: number;
  app: AppName;
  environment: DeployableEnvironment;
  branch: string | null;
  kind: "source" | "prebuilt";
  source: DeploymentSource;
  sourceHash: string;
  git: GitInfo | null;
  host: string;
  systemEnvironment: Record<string, string>;
  state: DeploymentState;
  error: ErrorJson | null;
  output: OutputId | null;
  /** Something of it has to start before it can serve. */
  hasFunctions: boolean | null;
  /** The deployment whose build it serves with other variables. */
  derivedFrom: DeploymentId | null;
  /** `env` of the source's `vercel.json`; known once the source is there. */
  declared: Declared;
  /** Of its Procfile, type → command. */
  processes: Record<string, string> | null;
  reason: string | null;
  ignoreSchema: boolean;
  /** Steps of its release; absent: as its environment says. */
  rollout: RolloutStep[] | null;
  /** Of a push: nobody asked for its release in particular. */
  automatic: boolean;
  createdAt: Date;
  createdBy: string;
  /** Whose word it is, as `Caller.voice`; absent of those from before, and of what the platform began. */
  voice: string | null;
  readyAt: Date | null;
  endedAt: Date | null;
}

export interface StepRow {
  position: number;
  name: StepName;
  state: "waiting" | "running" | "done" | "failed" | "skipped";
  startedAt: Date | null;
  endedAt: Date | null;
  error: ErrorJson | null;
  result: Record<string, unknown> | null;
}

export const deploymentColumns = `id, sequence, app, environment, branch, kind, source, source_hash AS "sourceHash", git, host,
  system_environment AS "systemEnvironment", state, error, output, has_functions AS "hasFunctions", derived_from AS "derivedFrom", declared, processes, reason,
  ignore_schema AS "ignoreSchema", rollout, automatic,
  created_at AS "createdAt", created_by AS "createdBy", voice, ready_at AS "readyAt", ended_at AS "endedAt"`;

/** Not ended: the pipeline has still to do with it. */
export const underWay = "('queued', 'building', 'deploying')";
const underWayStates: ReadonlySet<DeploymentState> = new Set(["queued", "building", "deploying"]);
export const isUnderWay = (state: DeploymentState): boolean => underWayStates.has(state);

/** @throws DeploymentUnknownError */
export async function getDeployment(connection: Connection, id: DeploymentId): Promise<DeploymentRow> {
  const row = await first(
    connection.query<DeploymentRow>(`SELECT ${deploymentColumns} FROM deployments WHERE id = $1`, [id]),
  );
  if (!row) throw new DeploymentUnknownError(id);
  return row;
}

export const getSteps = (connection: Connection, id: DeploymentId): Promise<StepRow[]> =>
  connection.query<StepRow>(
    `SELECT position, name, state, started_at AS "startedAt", ended_at AS "endedAt", error, result
     FROM deployment_steps WHERE deployment = $1 ORDER BY position`,
    [id],
  );

export const listDeployments = (
  connection: Connection,
  filter: { app: AppName; environment?: DeployableEnvironment; before?: DeploymentId; limit: number },
): Promise<DeploymentRow[]> =>
  connection.query<DeploymentRow>(
    `SELECT ${deploymentColumns} FROM deployments
     WHERE app = $1 AND ($2::text IS NULL OR environment = $2) AND state <> 'removed'
       AND ($3::text IS NULL OR sequence < (SELECT sequence FROM deployments WHERE id = $3))
     ORDER BY sequence DESC LIMIT $4`,
    [filter.app, filter.environment ?? null, filter.before ?? null, filter.limit],
  );
