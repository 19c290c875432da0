import { record } from "../audit/audit-log.ts";
import type { Connection } from "../database/connection.ts";
import type { RoleGrant } from "./capabilities.ts";

/** SQL: the roles of the person whose id the column holds, as JSON. */
export const rolesOf = (column: string): string =>
  `(SELECT coalesce(json_agg(json_strip_nulls(json_build_object('app', person_roles.app, 'role', person_roles.role)) ORDER BY person_roles.app NULLS FIRST), '[]')
    FROM person_roles WHERE person_roles.person = ${column})`;

/** In place of those that they had; part of a transaction. */
export async function setRoles(
  connection: Connection,
  person: { id: string; email: string },
  grants: readonly RoleGrant[],
  who: string,
): Promise<void> {
  await connection.query("DELETE FROM person_roles WHERE person = $1", [person.id]);
  for (const { app, role } of grants)
    await connection.query(
      "INSERT INTO person_roles (person, app, role, created_by) VALUES ($1, $2, $3, $4)",
      [person.id, app ?? null, role, who],
    );
  await record(connection, { who, action: "person.roles", object: person.email, detail: { roles: grants } });
}

/** Somebody has to be able to let others in. Locks what it looks at. */
export async function countOwners(connection: Connection): Promise<number> {
  await connection.query("SELECT pg_advisory_xact_lock(hashtext('evenkeel owners'))");
  const [row] = await connection.query<{ owners: number }>(
    "SELECT count(*) AS owners FROM person_roles WHERE app IS NULL AND role = 'owner'",
  );
  return row!.owners;
}
