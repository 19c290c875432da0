import type { Person } from "../api/contract/index.ts";
import { record } from "../audit/audit-log.ts";
import { type Connection, first } from "../database/connection.ts";
import type { Database } from "../database/database.ts";
import { LastOwnerError, PersonUnknownError } from "../errors.ts";
import type { RoleGrant } from "./capabilities.ts";
import { countOwners, rolesOf, setRoles } from "./role-store.ts";

interface PersonRow extends Record<string, unknown> {
  id: string;
  name: string;
  email: string;
  roles: RoleGrant[];
  has_codes: boolean;
  passkeys: number;
  created_at: Date;
  last_seen_at: Date | null;
}

const people = `SELECT id, name, email, created_at, two_factor_enabled AS has_codes, ${rolesOf("people.id")} AS roles,
    (SELECT count(*) FROM passkeys WHERE person = people.id) AS passkeys,
    (SELECT max(last_seen_at) FROM sessions WHERE person = people.id) AS last_seen_at
  FROM people`;

export async function listPeople(connection: Connection): Promise<Person[]> {
  return (await connection.query<PersonRow>(`${people} ORDER BY email`)).map(view);
}

/** @throws PersonUnknownError */
export async function getPerson(connection: Connection, id: string): Promise<Person> {
  const row = await first(connection.query<PersonRow>(`${people} WHERE id = $1`, [id]));
  if (!row) throw new PersonUnknownError();
  return view(row);
}

/** @throws PersonUnknownError, LastOwnerError */
export function changeRoles(
  database: Database,
  id: string,
  roles: RoleGrant[],
  who: string,
): Promise<Person> {
  return database.transaction(async (connection) => {
    await countOwners(connection);
    await setRoles(connection, await getPerson(connection, id), roles, who);
    await requireOwner(connection);
    return getPerson(connection, id);
  });
}

/** Sessions, passkeys and tokens go with them; what they did stays on record. @throws PersonUnknownError, LastOwnerError */
export function removePerson(database: Database, id: string, who: string): Promise<void> {
  return database.transaction(async (connection) => {
    await countOwners(connection);
    const { email } = await getPerson(connection, id);
    await connection.query("DELETE FROM people WHERE id = $1", [id]);
    await requireOwner(connection);
    await record(connection, { who, action: "person.remove", object: email });
  });
}

async function requireOwner(connection: Connection): Promise<void> {
  if ((await countOwners(connection)) === 0) throw new LastOwnerError();
}

export async function endSessionsOf(
  connection: Connection,
  { id, email }: { id: string; email: string },
  who: string,
  except = "",
): Promise<number> {
  const ended = await connection.query("DELETE FROM sessions WHERE person = $1 AND id <> $2 RETURNING 1", [
    id,
    except,
  ]);
  if (ended.length > 0)
    await record(connection, { who, action: "session.end", object: email, detail: { ended: ended.length } });
  return ended.length;
}

function view(row: PersonRow): Person {
  return {
    ...{ id: row.id, name: row.name, email: row.email, roles: row.roles },
    ...{ hasCodes: row.has_codes, passkeys: row.passkeys, createdAtMs: row.created_at.getTime() },
    ...(row.last_seen_at && { lastSeenAtMs: row.last_seen_at.getTime() }),
  };
}
