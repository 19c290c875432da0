import type { AppName } from "@evenkeel/model";
import type { GrantablePermission, Token } from "../api/contract/index.ts";
import { record } from "../audit/audit-log.ts";
import { type Connection, first } from "../database/connection.ts";
import type { Database } from "../database/database.ts";
import { TokenUnknownError } from "../errors.ts";
import type { RoleGrant } from "../people/capabilities.ts";
import { rolesOf } from "../people/role-store.ts";
import { newTokenText } from "./token-text.ts";

export interface TokenRow {
  id: string;
  name: string;
  hash: Buffer;
  /** What the secret was before its rotation, while that is accepted. */
  previous_hash: Buffer | null;
  permissions: GrantablePermission[];
  apps: AppName[] | null;
  created_at: Date;
  created_by: string;
  expires_at: Date | null;
  last_used_at: Date | null;
  /** Whose it is, if it is anybody's, and what that person may do. */
  person: string | null;
  email: string | null;
  roles: RoleGrant[];
}

export interface TokenWish {
  name: string;
  permissions: GrantablePermission[];
  apps?: AppName[];
  expiresAtMs?: number;
  /** Whose it is: it can do what that person can, at most, and ends with their account. */
  person?: string;
}

/** Only those that are valid now. */
export const findToken = (connection: Connection, id: string): Promise<TokenRow | undefined> =>
  first(
    connection.query<TokenRow>(
      `SELECT tokens.*, CASE WHEN previous_until > now() THEN previous_hash END AS previous_hash,
         people.email, ${rolesOf("tokens.person")} AS roles
       FROM tokens LEFT JOIN people ON people.id = tokens.person WHERE tokens.id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())`,
      [id],
    ),
  );

/** To the minute: a write for each request would be more work than the request. */
export async function touchToken(connection: Connection, id: string): Promise<void> {
  await connection.query(
    `UPDATE tokens SET last_used_at = now()
     WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')`,
    [id],
  );
}

export async function listTokens(connection: Connection): Promise<Token[]> {
  const rows = await connection.query<TokenRow>(
    `SELECT tokens.*, people.email FROM tokens LEFT JOIN people ON people.id = tokens.person
     WHERE revoked_at IS NULL ORDER BY tokens.created_at, tokens.id`,
  );
  return rows.map(view);
}

export function createToken(
  database: Database,
  wish: TokenWish,
  who: string,
): Promise<Token & { secret: string }> {
  return database.transaction((connection) => insertToken(connection, wish, who));
}

/** Part of a transaction. */
export async function insertToken(
  connection: Connection,
  wish: TokenWish,
  who: string,
): Promise<Token & { secret: string }> {
  const text = newTokenText();
  const [row] = await connection.query<TokenRow>(
    `WITH made AS (INSERT INTO tokens (id, name, hash, permissions, apps, expires_at, created_by, person)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING *)
       SELECT made.*, people.email FROM made LEFT JOIN people ON people.id = made.person`,
    [
      ...[text.id, wish.name, text.hash, [...new Set(wish.permissions)], wish.apps ?? null],
      ...[wish.expiresAtMs === undefined ? null : new Date(wish.expiresAtMs), who, wish.person ?? null],
    ],
  );
  const detail = {
    name: wish.name,
    permissions: wish.permissions,
    ...(wish.apps ? { apps: wish.apps } : {}),
  };
  await record(connection, { who, action: "token.create", object: text.id, detail });
  return { ...view(row!), secret: text.text };
}

/**
 * Gives a token a new secret; the one it had is accepted for `overlapMs` more, one from an earlier rotation no longer.
 *
 * @throws TokenUnknownError
 */
export function rotateToken(
  database: Database,
  id: string,
  overlapMs: number,
  who: string,
): Promise<Token & { secret: string; previousUntilMs: number }> {
  const text = newTokenText(id);
  return database.transaction(async (connection) => {
    const [row] = await connection.query<TokenRow & { previous_until: Date }>(
      `UPDATE tokens SET previous_hash = hash, previous_until = now() + make_interval(secs => $3), hash = $2
       WHERE id = $1 AND revoked_at IS NULL RETURNING *`,
      [id, text.hash, overlapMs / 1_000],
    );
    if (!row) throw new TokenUnknownError();
    await record(connection, { who, action: "token.rotate", object: id, detail: { overlapMs } });
    return { ...view(row), secret: text.text, previousUntilMs: row.previous_until.getTime() };
  });
}

/** @throws TokenUnknownError */
export function revokeToken(database: Database, id: string, who: string): Promise<void> {
  return database.transaction(async (connection) => {
    const revoked = await connection.query(
      "UPDATE tokens SET revoked_at = now() WHERE id = $1 AND revoked_at IS NULL RETURNING 1",
      [id],
    );
    if (revoked.length === 0) throw new TokenUnknownError();
    await record(connection, { who, action: "token.revoke", object: id });
  });
}

function view(row: TokenRow): Token {
  return {
    id: row.id,
    name: row.name,
    permissions: row.permissions,
    ...(row.apps === null ? {} : { apps: row.apps }),
    createdAtMs: row.created_at.getTime(),
    createdBy: row.created_by,
    ...(row.email == null ? {} : { owner: row.email }),
    ...(row.expires_at === null ? {} : { expiresAtMs: row.expires_at.getTime() }),
    ...(row.last_used_at === null ? {} : { lastUsedAtMs: row.last_used_at.getTime() }),
  };
}
