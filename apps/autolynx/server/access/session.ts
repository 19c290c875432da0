import { inDirectory, type Scoped } from "../database.ts";
import { publicUrl } from "../environment.ts";
import { hashOf, newToken } from "./secret.ts";

export type Role = "admin" | "operator";

/** Whoever asks: somebody who signed in, or a program with a token. */
export interface Caller {
  kind: "person" | "token";
  id: string;
  name: string;
  email: string;
  role: Role;
  organisation: string;
  organisationName: string;
}

export const sessionSeconds = 12 * 3_600;
const secure = () => publicUrl().startsWith("https:");
/** `__Host-` binds the cookie to this host and to TLS; development without TLS cannot have it. */
const cookieName = () => (secure() ? "__Host-autolynx" : "autolynx");

export const sessionCookie = (token: string, seconds = sessionSeconds): string =>
  `${cookieName()}=${token}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${seconds}${secure() ? "; Secure" : ""}`;

export function tokenOf(cookies: string | null | undefined): string | undefined {
  const name = `${cookieName()}=`;
  return (cookies ?? "")
    .split(/;\s*/)
    .find((each) => each.startsWith(name))
    ?.slice(name.length);
}

export async function startSession(tx: Scoped, personId: string): Promise<string> {
  const token = newToken();
  await tx`
    INSERT INTO sessions (token_hash, person_id, expires_at)
    VALUES (${hashOf(token)}, ${personId}, now() + make_interval(secs => ${sessionSeconds}))`;
  return token;
}

/** Who a session's cookie belongs to; undefined where it is over, or its person is no longer let in. */
export function callerOfSession(token: string | undefined): Promise<Caller | undefined> {
  if (!token) return Promise.resolve(undefined);
  return inDirectory(async (tx) => {
    const [row] = await tx<Caller[]>`
      SELECT 'person' AS kind, p.id, p.name, p.email, p.role, o.id AS organisation, o.name AS "organisationName"
      FROM sessions s JOIN people p ON p.id = s.person_id JOIN organisations o ON o.id = p.organisation_id
      WHERE s.token_hash = ${hashOf(token)} AND s.expires_at > now() AND p.disabled_at IS NULL`;
    return row;
  });
}

/** Who a program is that says `Authorization: Bearer alx_…`. */
export function callerOfToken(authorization: string | null | undefined): Promise<Caller | undefined> {
  const token = /^Bearer (alx_[\w-]{20,100})$/.exec(authorization ?? "")?.[1];
  if (token === undefined) return Promise.resolve(undefined);
  return inDirectory(async (tx) => {
    const [row] = await tx<Caller[]>`
      SELECT 'token' AS kind, t.id, t.name, '' AS email, t.role, o.id AS organisation, o.name AS "organisationName"
      FROM api_tokens t JOIN organisations o ON o.id = t.organisation_id
      WHERE t.token_hash = ${hashOf(token)} AND t.revoked_at IS NULL`;
    return row;
  });
}
