import {
  type AppName,
  type EnvironmentName,
  type Formation,
  releaseProcess,
  webProcess,
} from "@evenkeel/model";
import type { Connection } from "../database/connection.ts";
import { type Scaling, scaledRow } from "../scaling/scaling.ts";

export interface FormationRow {
  type: string;
  count: number;
  memoryMb: number;
}

/** Where Heroku's Basic dynos are ended: twice their quota of 512 MB. */
export const defaultMemoryMb = 1_024;

export const readFormation = (
  connection: Connection,
  app: AppName,
  environment: EnvironmentName,
): Promise<FormationRow[]> =>
  connection.query<FormationRow>(
    `SELECT type, count, memory_mb AS "memoryMb" FROM formation WHERE app = $1 AND environment = $2 ORDER BY type`,
    [app, environment],
  );

export async function writeFormation(
  connection: Connection,
  { app, environment, who }: { app: AppName; environment: EnvironmentName; who: string },
  { type, count, memoryMb }: FormationRow,
): Promise<void> {
  await connection.query(
    `INSERT INTO formation (app, environment, type, count, memory_mb, updated_by) VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (app, environment, type)
     DO UPDATE SET count = $4, memory_mb = $5, updated_at = now(), updated_by = $6`,
    [app, environment, type, count, memoryMb, who],
  );
}

/** What a deployment's types come to: where nobody has said anything, one `web` and no other, as at Heroku's first deploy. */
export function effectiveFormation(
  processes: Record<string, string>,
  rows: FormationRow[],
  scalings: readonly Scaling[] = [],
): Formation {
  const types = Object.keys(processes).filter((type) => type !== releaseProcess);
  return Object.fromEntries(
    types.map((type) => {
      const row = rows.find((candidate) => candidate.type === type);
      const said = {
        ...{ type, count: row?.count ?? (type === webProcess ? 1 : 0) },
        memoryMb: row?.memoryMb ?? defaultMemoryMb,
      };
      const { count, memoryMb } = type === webProcess ? scaledRow(said, scalings) : said;
      return [type, { count, memoryMb }];
    }),
  );
}
