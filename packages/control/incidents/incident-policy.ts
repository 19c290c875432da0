import type { AppEnvironment } from "@evenkeel/model";
import type { Connection } from "../database/connection.ts";
import { type SeverityClass, usualClasses } from "./severity-classes.ts";

export interface IncidentPolicy {
  /** Gravest first, at least one. */
  classes: readonly SeverityClass[];
}

export async function incidentPolicy(
  _connection: Connection,
  _of: Partial<AppEnvironment>,
): Promise<IncidentPolicy> {
  return { classes: usualClasses };
}
