import type { AppName, DeploymentId, EnvironmentName } from "@evenkeel/model";
import type { VariableChangeKind, VariableChangeView } from "../api/contract/index.ts";
import type { Connection } from "../database/connection.ts";

interface ChangeRow {
  id: number;
  kind: VariableChangeKind;
  reason: string | null;
  created_at: Date;
  created_by: string;
  deployment: DeploymentId | null;
  release: number | null;
  names: string[];
  versions: number[];
  removed: boolean[];
}

/** Newest first: who changed which names when, and the release that brought it. */
export async function variableHistory(
  connection: Connection,
  filter: { app: AppName; environment: EnvironmentName; name?: string; before?: number; limit: number },
): Promise<VariableChangeView[]> {
  const rows = await connection.query<ChangeRow>(
    `SELECT changes.id, kind, reason, changes.created_at, changes.created_by, changes.deployment,
       (SELECT version FROM releases WHERE releases.deployment = changes.deployment AND releases.environment = $2
        ORDER BY version LIMIT 1) AS release,
       array_agg(name ORDER BY name) AS names, array_agg(variables.version ORDER BY name) AS versions,
       array_agg(sealed IS NULL ORDER BY name) AS removed
     FROM variable_changes changes JOIN variables ON variables.change = changes.id
     WHERE changes.app = $1 AND changes.environment = $2 AND ($3::bigint IS NULL OR changes.id < $3)
     GROUP BY changes.id HAVING $4::text IS NULL OR bool_or(name = $4)
     ORDER BY changes.id DESC LIMIT $5`,
    [filter.app, filter.environment, filter.before ?? null, filter.name ?? null, filter.limit],
  );
  return rows.map((row) => ({
    id: row.id,
    environment: filter.environment,
    kind: row.kind,
    atMs: row.created_at.getTime(),
    who: row.created_by,
    names: row.names.map((name, index) => ({
      name,
      version: row.versions[index]!,
      removed: row.removed[index]!,
    })),
    ...(row.reason === null ? {} : { reason: row.reason }),
    ...(row.deployment === null ? {} : { deployment: row.deployment }),
    ...(row.release === null ? {} : { release: row.release }),
  }));
}
