import type { RequestSide } from "../api/request-side.ts";
import type { Database } from "../database/database.ts";
import { UnauthenticatedError } from "../errors.ts";
import { bothOf, type Capabilities, capabilitiesOf, limitedTo } from "../people/capabilities.ts";
import type { Sessions } from "../people/sessions/sessions.ts";
import { type AdminToken, adminTokenId } from "./admin-token.ts";
import { adminCaller, type Caller } from "./caller.ts";
import { findToken, type TokenRow, touchToken } from "./token-store.ts";
import { readTokenText, sameHash } from "./token-text.ts";

export class Authenticator {
  constructor(
    private readonly adminToken: AdminToken,
    private readonly database: Database,
    private readonly sessions: Sessions,
  ) {}

  /**
   * By the header `Authorization` where there is one: `Bearer <token>`, or as git sends it `Basic` with the token as password or as user name. Else
   * by the cookie of a session.
   *
   * @throws UnauthenticatedError, CrossOriginError; DatabaseUnavailableError for all but the machine's own token
   */
  async identify(request: RequestSide): Promise<Caller> {
    const authorization = request.header("authorization");
    if (authorization === undefined) return this.sessions.identify(request);
    const token = readTokenText(tokenIn(authorization));
    if (!token) throw new UnauthenticatedError();
    if (token.id === adminTokenId) {
      if (!this.adminToken.accepts(token)) throw new UnauthenticatedError();
      return adminCaller;
    }
    const row = await findToken(this.database, token.id);
    const hashes = [row?.hash, row?.previous_hash].filter((hash) => hash != null);
    if (!row || !hashes.some((hash) => sameHash(token.hash, hash))) throw new UnauthenticatedError();
    void touchToken(this.database.progress, token.id).catch(() => {});
    return callerOf(row);
  }
}

function callerOf(row: TokenRow): Caller {
  const scopes: Capabilities =
    row.apps === null
      ? { permissions: new Set(row.permissions), onApps: new Map() }
      : limitedTo(row.apps, row.permissions);
  const name = row.email ?? row.name;
  return {
    actor: { kind: "token", id: row.id, name },
    name,
    voice: row.person === null ? `token:${row.id}` : `person:${row.person}`,
    ...(row.person === null ? scopes : bothOf(scopes, capabilitiesOf(row.roles))),
  };
}

function tokenIn(authorization: string): string {
  const [scheme, value = ""] = authorization.trim().split(/\s+/, 2);
  if (/^bearer$/i.test(scheme!)) return value;
  if (!/^basic$/i.test(scheme!)) return "";
  const [user = "", ...password] = Buffer.from(value, "base64").toString("utf8").split(":");
  return password.join(":") || user;
}
