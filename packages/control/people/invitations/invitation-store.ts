import { createHash, randomBytes } from "node:crypto";
import { randomId } from "@evenkeel/model";
import type { Invitation } from "../../api/contract/index.ts";
import { hostUrl, type Place } from "../../apps/hosts.ts";
import { record } from "../../audit/audit-log.ts";
import { type Connection, first } from "../../database/connection.ts";
import type { Database } from "../../database/database.ts";
import {
  InvitationUnknownError,
  LinkInvalidError,
  OwnerExistsError,
  PersonExistsError,
} from "../../errors.ts";
import type { RoleGrant } from "../capabilities.ts";
import { getPerson } from "../person-store.ts";
import { countOwners } from "../role-store.ts";

export interface InvitationRow extends Record<string, unknown> {
  id: string;
  email: string | null;
  roles: RoleGrant[];
  person: string | null;
  is_owner_link: boolean;
  created_at: Date;
  created_by: string;
  expires_at: Date;
}

type MadeLink = Invitation & { link: string };

const validDays = 7;
/** It may be read off a terminal, or out of its log. */
const ownerLinkHours = 24;

const open = "accepted_at IS NULL AND withdrawn_at IS NULL AND expires_at > now()";

export async function listInvitations(connection: Connection): Promise<Invitation[]> {
  const rows = await connection.query<InvitationRow>(
    `SELECT * FROM invitations WHERE ${open} AND NOT is_owner_link ORDER BY created_at, id`,
  );
  return rows.map(view);
}

/** @throws PersonExistsError */
export function invite(
  database: Database,
  place: Place,
  { email, roles }: { email: string; roles: RoleGrant[] },
  who: string,
): Promise<MadeLink> {
  return database.transaction(async (connection) => {
    if ((await connection.query("SELECT FROM people WHERE email = $1", [email])).length > 0)
      throw new PersonExistsError(email);
    await withdraw(connection, "email = $1", [email]);
    await record(connection, { who, action: "person.invite", object: email, detail: { roles } });
    return insert(connection, place, { email, roles, who });
  });
}

/** @throws PersonUnknownError */
export function makeResetLink(database: Database, place: Place, id: string, who: string): Promise<MadeLink> {
  return database.transaction(async (connection) => {
    const { email, roles } = await getPerson(connection, id);
    await withdraw(connection, "person = $1", [id]);
    await record(connection, { who, action: "person.reset-link", object: email });
    return insert(connection, place, { email, roles, person: id, who });
  });
}

/** In place of one that was made before. @throws OwnerExistsError */
export function makeOwnerLink(
  database: Database,
  place: Place,
  who: string,
): Promise<{ link: string; expiresAtMs: number }> {
  return database.transaction(async (connection) => {
    if ((await countOwners(connection)) > 0) throw new OwnerExistsError();
    await withdraw(connection, "is_owner_link", []);
    await record(connection, { who, action: "owner-link.make" });
    const { link, expiresAtMs } = await insert(connection, place, {
      ...{ roles: [{ role: "owner" }], who, isOwnerLink: true },
    });
    return { link, expiresAtMs };
  });
}

/** @throws InvitationUnknownError */
export function withdrawInvitation(database: Database, id: string, who: string): Promise<void> {
  return database.transaction(async (connection) => {
    if ((await withdraw(connection, "id = $1", [id])) === 0) throw new InvitationUnknownError();
    await record(connection, { who, action: "invitation.withdraw", object: id });
  });
}

/** @throws LinkInvalidError */
export async function findInvitation(
  connection: Connection,
  secret: string,
  { lock = false } = {},
): Promise<InvitationRow> {
  const row = await first(
    connection.query<InvitationRow>(
      `SELECT * FROM invitations WHERE hash = $1 AND ${open} ${lock ? "FOR UPDATE" : ""}`,
      [hashOf(secret)],
    ),
  );
  if (!row) throw new LinkInvalidError();
  return row;
}

export async function useUp(connection: Connection, { id }: InvitationRow, email: string): Promise<void> {
  await connection.query("UPDATE invitations SET accepted_at = now(), accepted_by = $2 WHERE id = $1", [
    id,
    email,
  ]);
}

async function insert(
  connection: Connection,
  place: Place,
  wish: { email?: string; roles: RoleGrant[]; who: string; person?: string; isOwnerLink?: boolean },
): Promise<MadeLink> {
  const secret = randomBytes(24).toString("base64url");
  const [row] = await connection.query<InvitationRow>(
    `INSERT INTO invitations (id, hash, email, roles, person, is_owner_link, created_by, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, now() + make_interval(hours => $8)) RETURNING *`,
    [
      ...[randomId(10), hashOf(secret), wish.email ?? null, JSON.stringify(wish.roles), wish.person ?? null],
      ...[wish.isOwnerLink ?? false, wish.who, wish.isOwnerLink ? ownerLinkHours : validDays * 24],
    ],
  );
  // The host is the platform's own as it is set, never what a request says; the secret behind `#` is sent to no server.
  return { ...view(row!), link: `${hostUrl(place.domain, place)}/join#${secret}` };
}

async function withdraw(connection: Connection, where: string, values: unknown[]): Promise<number> {
  const rows = await connection.query(
    `UPDATE invitations SET withdrawn_at = now() WHERE ${open} AND ${where} RETURNING 1`,
    values,
  );
  return rows.length;
}

/** A plain hash is enough: the secret has 192 random bits. */
const hashOf = (secret: string): Buffer => createHash("sha256").update(secret).digest();

function view(row: InvitationRow): Invitation {
  return {
    id: row.id,
    ...(row.email === null ? {} : { email: row.email }),
    roles: row.roles,
    createdAtMs: row.created_at.getTime(),
    createdBy: row.created_by,
    expiresAtMs: row.expires_at.getTime(),
  };
}
