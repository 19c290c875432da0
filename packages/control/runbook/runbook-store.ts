import type { AppEnvironment, AppName, DeploymentId } from "@evenkeel/model";
import { type CompiledRunbook, type EngineState, initialState, readRunbook } from "@evenkeel/runbook";
import { type Connection, first } from "../database/connection.ts";

/** What is kept of a deployment's `runbook.ts`. */
export interface StoredRunbook {
  file: string;
  text: string;
  value: unknown;
}

/** Deployments are immutable, so what was made of one stays right. */
const compiled = new Map<DeploymentId, CompiledRunbook>();
const mostCompiled = 200;

export async function noteRunbook(
  connection: Connection,
  id: DeploymentId,
  runbook: StoredRunbook | undefined,
): Promise<void> {
  await connection.query("UPDATE deployments SET runbook = $2 WHERE id = $1", [
    id,
    runbook ? JSON.stringify(runbook) : null,
  ]);
}

/** Of a deployment; undefined where its app has none. */
export async function storedRunbook(
  connection: Connection,
  id: DeploymentId,
): Promise<StoredRunbook | undefined> {
  const row = await first(
    connection.query<{ runbook: StoredRunbook | null }>("SELECT runbook FROM deployments WHERE id = $1", [
      id,
    ]),
  );
  return row?.runbook ?? undefined;
}

/** @throws RunbookInvalidError where a newer platform does not take it any more */
export async function deploymentRunbook(
  connection: Connection,
  id: DeploymentId,
): Promise<CompiledRunbook | undefined> {
  const known = compiled.get(id);
  if (known) return known;
  const stored = await storedRunbook(connection, id);
  if (!stored) return undefined;
  const made = readRunbook(stored);
  if (compiled.size >= mostCompiled) compiled.delete(compiled.keys().next().value!);
  compiled.set(id, made);
  return made;
}

/** What answers in an environment whose releases are watched. */
export interface ReleasedEnvironment extends AppEnvironment {
  host: string;
  deployment: DeploymentId;
  release: number;
  releasedAt: Date;
  /** By a rollback. */
  broughtBack: boolean;
  hasRunbook: boolean;
}

const released = `SELECT aliases.app, aliases.kind AS environment, aliases.host, aliases.deployment, aliases.release,
    releases.created_at AS "releasedAt", releases.kind = 'rollback' AS "broughtBack", deployments.runbook IS NOT NULL AS "hasRunbook"
  FROM aliases
    JOIN releases ON releases.app = aliases.app AND releases.environment = aliases.kind AND releases.version = aliases.release
    JOIN deployments ON deployments.id = aliases.deployment
  WHERE aliases.kind IN ('production', 'staging')`;

/** Those with a runbook. */
export const watchedEnvironments = (connection: Connection): Promise<ReleasedEnvironment[]> =>
  connection.query<ReleasedEnvironment & Record<string, unknown>>(
    `${released} AND deployments.runbook IS NOT NULL`,
  );

export const releasedIn = (
  connection: Connection,
  app: AppName,
  environment: string,
): Promise<ReleasedEnvironment | undefined> =>
  first(
    connection.query<ReleasedEnvironment & Record<string, unknown>>(
      `${released} AND aliases.app = $1 AND aliases.kind = $2`,
      [app, environment],
    ),
  );

export async function readEngineState(connection: Connection, of: AppEnvironment): Promise<EngineState> {
  const row = await first(
    connection.query<{ state: EngineState }>(
      "SELECT state FROM runbook_states WHERE app = $1 AND environment = $2",
      [of.app, of.environment],
    ),
  );
  return row?.state ?? initialState();
}

export async function writeEngineState(
  connection: Connection,
  { app, environment }: AppEnvironment,
  state: EngineState,
): Promise<void> {
  await connection.query(
    `INSERT INTO runbook_states (app, environment, state) VALUES ($1, $2, $3)
     ON CONFLICT (app, environment) DO UPDATE SET state = EXCLUDED.state`,
    [app, environment, JSON.stringify(state)],
  );
}
