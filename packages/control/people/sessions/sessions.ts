import { createHash, randomBytes } from "node:crypto";
import type { RequestSide } from "../../api/request-side.ts";
import { record } from "../../audit/audit-log.ts";
import { first } from "../../database/connection.ts";
import type { Database } from "../../database/database.ts";
import { UnauthenticatedError } from "../../errors.ts";
import type { Caller } from "../../tokens/caller.ts";
import { capabilitiesOf, type RoleGrant } from "../capabilities.ts";
import { rolesOf } from "../role-store.ts";
import { requireOwnOrigin } from "./own-origin.ts";
import { expiredCookie, readSignedCookie, sessionCookieName, signedCookie } from "./session-cookie.ts";

/** However busy it is. */
export const sessionLimitS = 7 * 86_400;
const idleLimit = "24 hours";
const rotateAfterMs = 3_600_000;
/** Tabs have requests under way with what the cookie was before. */
const graceS = 30;
export const freshMinutes = 10;

interface SessionRow {
  id: string;
  person: string;
  token: string;
  previous_token: string | null;
  previous_until: Date | null;
  rotated_at: Date;
  client: string | null;
  is_fresh: boolean;
  email: string;
  roles: RoleGrant[];
}

/**
 * Sessions of browsers, looked up for each request that has no token.
 *
 *   begun at sign-in → token rotated each hour and at each proof of who it is → ended by sign-out, by 24 hours of silence, after 7 days
 *
 * - The former token is good until the new one has been used, and 30 s more: tabs have requests under way, and an answer may be lost. Whoever shows
 *   it later has a copy, so the session ends for both.
 * - A session is accepted from the browser and system that it began with alone.
 */
export class Sessions {
  constructor(
    private readonly database: Database,
    /** Signs cookies. */
    private readonly secret: () => string,
  ) {}

  /** @throws UnauthenticatedError, CrossOriginError */
  async identify(request: RequestSide): Promise<Caller> {
    const token = readSignedCookie(request.header("cookie"), sessionCookieName, this.secret());
    if (token === undefined) throw new UnauthenticatedError();
    requireOwnOrigin(request);
    const row = await first(
      this.database.query<SessionRow & Record<string, unknown>>(
        `SELECT sessions.*, coalesce(sessions.fresh_until > now(), false) AS is_fresh, people.email, ${rolesOf("people.id")} AS roles
         FROM sessions JOIN people ON people.id = sessions.person
         WHERE (token = $1 OR previous_token = $1) AND expires_at > now() AND last_seen_at > now() - interval '${idleLimit}'`,
        [token],
      ),
    );
    if (!row) {
      request.setCookies([expiredCookie(sessionCookieName)]);
      throw new UnauthenticatedError();
    }
    if (row.client !== null && row.client !== clientOf(request))
      return this.refuse(request, row, "another browser");
    if (token === row.token) await this.keepCurrent(request, row);
    else if (row.previous_until !== null && row.previous_until.getTime() < Date.now())
      return this.refuse(request, row, "a token that was replaced");
    // The answer with the new one may have been lost.
    else if (row.previous_until === null) this.sendToken(request, row.token);
    const { id, person, email } = row;
    return {
      actor: { kind: "person", id: person, name: email },
      name: email,
      voice: `person:${person}`,
      ...capabilitiesOf(row.roles),
      session: { id, person, isFresh: row.is_fresh },
    };
  }

  /** Binds a session that has just begun to the browser that began it. */
  async bind(request: RequestSide, token: string, method: string): Promise<void> {
    await this.database.query(
      `UPDATE sessions SET client = $2, ip_address = $3, user_agent = $4, method = $5, last_seen_at = now(), rotated_at = now(),
         fresh_until = now() + interval '${freshMinutes} minutes' WHERE token = $1`,
      [token, clientOf(request), request.address, (request.header("user-agent") ?? "").slice(0, 300), method],
    );
  }

  /** Begins one where better-auth does not. */
  async begin(request: RequestSide, person: string, method: string): Promise<void> {
    const token = newToken();
    await this.database.query(
      `INSERT INTO sessions (id, person, token, expires_at) VALUES ($1, $2, $3, now() + make_interval(secs => $4))`,
      [newToken(), person, token, sessionLimitS],
    );
    await this.bind(request, token, method);
    this.sendToken(request, token);
  }

  /** Who it is has been proven again: a new token, and some minutes in which more is allowed. */
  async refresh(request: RequestSide, id: string): Promise<void> {
    await this.rotate(request, id, `, fresh_until = now() + interval '${freshMinutes} minutes'`);
  }

  /** @returns whether there was one of this person */
  async end(id: string, person: string): Promise<boolean> {
    const ended = await this.database.query(
      "DELETE FROM sessions WHERE id = $1 AND person = $2 RETURNING 1",
      [id, person],
    );
    return ended.length > 0;
  }

  private async keepCurrent(request: RequestSide, row: SessionRow): Promise<void> {
    const { database } = this;
    if (row.previous_token !== null && row.previous_until === null)
      await database.query(
        `UPDATE sessions SET previous_until = now() + interval '${graceS} seconds' WHERE id = $1 AND token = $2 AND previous_until IS NULL`,
        [row.id, row.token],
      );
    void database.progress
      .query(
        // Written late, it must not bring one back that has been silent too long.
        `UPDATE sessions SET last_seen_at = now()
         WHERE id = $1 AND last_seen_at < now() - interval '1 minute' AND last_seen_at > now() - interval '${idleLimit}'`,
        [row.id],
      )
      .catch(() => {});
    if (row.rotated_at.getTime() < Date.now() - rotateAfterMs) await this.rotate(request, row.id);
  }

  private async rotate(request: RequestSide, id: string, also = ""): Promise<void> {
    const [row] = await this.database.query<{ token: string }>(
      `UPDATE sessions SET previous_token = token, previous_until = NULL, token = $2, rotated_at = now(), updated_at = now()${also}
       WHERE id = $1 RETURNING token`,
      [id, newToken()],
    );
    if (row) this.sendToken(request, row.token);
  }

  private sendToken(request: RequestSide, token: string): void {
    request.setCookies([signedCookie(sessionCookieName, token, this.secret(), sessionLimitS)]);
  }

  private async refuse(request: RequestSide, row: SessionRow, why: string): Promise<never> {
    await this.database.transaction(async (connection) => {
      await connection.query("DELETE FROM sessions WHERE id = $1", [row.id]);
      const detail = { why: `it came with ${why}`, address: request.address };
      await record(connection, { who: row.email, action: "session.refuse", object: row.id, detail });
    });
    request.setCookies([expiredCookie(sessionCookieName)]);
    throw new UnauthenticatedError();
  }
}

const newToken = (): string => randomBytes(24).toString("base64url");

/** Browser and system without their versions, which change under a session. */
const clientOf = (request: RequestSide): string =>
  createHash("sha256")
    .update((request.header("user-agent") ?? "").replace(/[\d._]+/g, ""))
    .digest("base64url");
