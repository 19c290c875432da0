import { createHash, randomBytes, randomInt } from "node:crypto";
import { EvenkeelError, randomId } from "@evenkeel/model";
import type { DeviceLogin, DeviceToken, GrantablePermission } from "../../api/contract/index.ts";
import { hostUrl, type Place } from "../../apps/hosts.ts";
import { record } from "../../audit/audit-log.ts";
import { first } from "../../database/connection.ts";
import type { Database } from "../../database/database.ts";
import {
  AccessDeniedError,
  AuthorizationPendingError,
  ExpiredTokenError,
  LinkInvalidError,
  SlowDownError,
} from "../../errors.ts";
import type { Caller } from "../../tokens/caller.ts";
import { insertToken } from "../../tokens/token-store.ts";

interface DeviceLoginRow extends Record<string, unknown> {
  id: string;
  client: string;
  address: string;
  permissions: GrantablePermission[];
  state: "pending" | "allowed" | "denied" | "used";
  person: string | null;
  email: string | null;
  created_at: Date;
  is_over: boolean;
  is_early: boolean;
}

const validS = 600;
const intervalS = 5;
const tokenDays = 30;
/** Without vowels, so no words come of it; 20^8 codes, of which few are open (RFC 8628, 6.1). */
const letters = "BCDFGHJKLMNPQRSTVWXZ";

/**
 * Logins of command lines (RFC 8628): begun by whoever can reach the API, allowed by a person in the console, who sees what asks and for what.
 * The token is made when it is fetched, once, and can do what the person can, at most.
 */
export class DeviceLogins {
  constructor(
    private readonly database: Database,
    private readonly place: Place,
  ) {}

  async begin(wish: {
    client: string;
    address: string;
    permissions: GrantablePermission[];
  }): Promise<DeviceLogin> {
    const deviceCode = randomBytes(32).toString("base64url");
    const userCode = Array.from({ length: 8 }, () => letters[randomInt(letters.length)]).join("");
    await this.database.query("DELETE FROM device_logins WHERE expires_at < now() - interval '1 day'");
    await this.database.query(
      `INSERT INTO device_logins (id, device_hash, user_hash, client, address, permissions, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6, now() + make_interval(secs => $7))`,
      [
        ...[randomId(10), hashOf(deviceCode), hashOf(userCode), wish.client, wish.address],
        ...[[...new Set(wish.permissions)], validS],
      ],
    );
    const shown = `${userCode.slice(0, 4)}-${userCode.slice(4)}`;
    const page = `${hostUrl(this.place.domain, this.place)}/device`;
    return {
      ...{ device_code: deviceCode, user_code: shown },
      ...{ verification_uri: page, verification_uri_complete: `${page}#${shown}` },
      ...{ expires_in: validS, interval: intervalS },
    };
  }

  /** @throws LinkInvalidError where no such code waits */
  async look(userCode: string): Promise<DeviceLoginRow> {
    const row = await first(
      this.database.query<DeviceLoginRow>(
        "SELECT * FROM device_logins WHERE user_hash = $1 AND state = 'pending' AND expires_at > now()",
        [hashOf(userCode)],
      ),
    );
    if (!row) throw new LinkInvalidError();
    return row;
  }

  /** @throws LinkInvalidError */
  decide(userCode: string, caller: Caller, allow: boolean): Promise<void> {
    return this.database.transaction(async (connection) => {
      const [row] = await connection.query<DeviceLoginRow>(
        `UPDATE device_logins SET state = $2, person = $3
         WHERE user_hash = $1 AND state = 'pending' AND expires_at > now() RETURNING *`,
        [hashOf(userCode), allow ? "allowed" : "denied", caller.session!.person],
      );
      if (!row) throw new LinkInvalidError();
      const { client, address, permissions } = row;
      const action = allow ? "device_login.allow" : "device_login.deny";
      await record(connection, {
        who: caller.name,
        action,
        object: client,
        detail: { address, permissions },
      });
    });
  }

  /** @throws AuthorizationPendingError, SlowDownError, AccessDeniedError, ExpiredTokenError */
  redeem(deviceCode: string): Promise<DeviceToken> {
    return this.database
      .transaction(async (connection) => {
        const row = await first(
          connection.query<DeviceLoginRow>(
            `SELECT device_logins.*, people.email, device_logins.expires_at <= now() AS is_over,
             coalesce(last_asked_at > now() - interval '${intervalS - 1} seconds', false) AS is_early
           FROM device_logins LEFT JOIN people ON people.id = device_logins.person
           WHERE device_hash = $1 FOR UPDATE OF device_logins`,
            [hashOf(deviceCode)],
          ),
        );
        if (!row || row.is_over || row.state === "used") return new ExpiredTokenError();
        if (row.state === "denied") return new AccessDeniedError();
        await connection.query("UPDATE device_logins SET last_asked_at = now() WHERE id = $1", [row.id]);
        if (row.state === "pending")
          return row.is_early ? new SlowDownError() : new AuthorizationPendingError();
        await connection.query("UPDATE device_logins SET state = 'used' WHERE id = $1", [row.id]);
        const { secret } = await insertToken(
          connection,
          {
            ...{ name: row.client, permissions: row.permissions, person: row.person! },
            expiresAtMs: Date.now() + tokenDays * 86_400_000,
          },
          row.email!,
        );
        return {
          ...{ access_token: secret, token_type: "Bearer" as const, expires_in: tokenDays * 86_400 },
          scope: row.permissions.join(" "),
        };
      })
      .then((outcome) => {
        // Thrown after the commit: that it was asked has to be remembered.
        if (outcome instanceof EvenkeelError) throw outcome;
        return outcome;
      });
  }
}

/** A plain hash is enough for the device's; the person's code has few bits, but is worth something for minutes and to who is signed in. */
const hashOf = (code: string): Buffer => createHash("sha256").update(code).digest();
