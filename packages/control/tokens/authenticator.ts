import type { Database } from "../database/database.ts";
import { UnauthenticatedError } from "../errors.ts";
import { type AdminToken, adminTokenId } from "./admin-token.ts";
import { adminCaller, type Caller } from "./caller.ts";
import { findToken, touchToken } from "./token-store.ts";
import { readTokenText, sameHash } from "./token-text.ts";

export class Authenticator {
  constructor(
    private readonly adminToken: AdminToken,
    private readonly database: Database,
  ) {}

  /**
   * @param authorization the header: `Bearer <token>`, or as git sends it `Basic` with the token as password or as user name
   * @throws UnauthenticatedError; DatabaseUnavailableError for tokens other than the machine's own
   */
  async identify(authorization: string | null | undefined): Promise<Caller> {
    const token = readTokenText(tokenIn(authorization ?? ""));
    if (!token) throw new UnauthenticatedError();
    if (token.id === adminTokenId) {
      if (!this.adminToken.accepts(token)) throw new UnauthenticatedError();
      return adminCaller;
    }
    const row = await findToken(this.database, token.id);
    const hashes = [row?.hash, row?.previous_hash].filter((hash) => hash != null);
    if (!row || !hashes.some((hash) => sameHash(token.hash, hash))) throw new UnauthenticatedError();
    void touchToken(this.database.progress, token.id).catch(() => {});
    return {
      name: row.name,
      permissions: new Set(row.permissions),
      ...(row.apps === null ? {} : { apps: new Set(row.apps) }),
    };
  }
}

function tokenIn(authorization: string): string {
  const [scheme, value = ""] = authorization.trim().split(/\s+/, 2);
  if (/^bearer$/i.test(scheme!)) return value;
  if (!/^basic$/i.test(scheme!)) return "";
  const [user = "", ...password] = Buffer.from(value, "base64").toString("utf8").split(":");
  return password.join(":") || user;
}
