import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { Context, Next } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import { database, type Sql } from "../database.ts";
import { environment, publicUrl } from "../environment.ts";

export interface Operator {
  id: string;
  email: string;
  name: string;
}

export type OperatorVariables = { Variables: { operator: Operator } };

const lifeSeconds = 14 * 86_400;

/** `__Host-` binds the cookie to this host and to TLS; development without TLS cannot have it. */
function cookieName(): string {
  return publicUrl().startsWith("https:") ? "__Host-session" : "session";
}

const hashOf = (token: string) => createHash("sha256").update(token).digest();

export async function startSession(c: Context, sql: Sql, operatorId: string): Promise<void> {
  const token = randomBytes(32).toString("base64url");
  await sql`
    INSERT INTO sessions (token_hash, operator_id, expires_at)
    VALUES (${hashOf(token)}, ${operatorId}, now() + make_interval(secs => ${lifeSeconds}))`;
  await sql`DELETE FROM sessions WHERE expires_at < now()`;
  const secure = publicUrl().startsWith("https:");
  setCookie(c, cookieName(), token, {
    httpOnly: true,
    secure,
    sameSite: "Lax",
    path: "/",
    maxAge: lifeSeconds,
  });
}

export async function endSession(c: Context, sql: Sql): Promise<void> {
  const token = getCookie(c, cookieName());
  if (token) await sql`DELETE FROM sessions WHERE token_hash = ${hashOf(token)}`;
  setCookie(c, cookieName(), "", {
    path: "/",
    maxAge: 0,
    httpOnly: true,
    secure: publicUrl().startsWith("https:"),
    sameSite: "Lax",
  });
}

export async function operatorOf(c: Context, sql: Sql): Promise<Operator | undefined> {
  const token = getCookie(c, cookieName());
  if (!token) return undefined;
  const [row] = await sql<Operator[]>`
    SELECT o.id, o.email, o.name FROM sessions s JOIN operators o ON o.id = s.operator_id
    WHERE s.token_hash = ${hashOf(token)} AND s.expires_at > now()`;
  return row;
}

/** Everything behind it is for operators; what changes something must come from this app's own pages. */
export async function requireOperator(
  c: Context<OperatorVariables>,
  next: Next,
): Promise<Response | undefined> {
  if (!["GET", "HEAD"].includes(c.req.method) && c.req.header("x-requested-with") !== "reminders") {
    return c.json({ error: "This request does not come from the app's own pages" }, 403);
  }
  const operator = await operatorOf(c, database());
  if (!operator) return c.json({ error: "Sign in first" }, 401);
  c.set("operator", operator);
  await next();
  return undefined;
}

/** The scheduler's secret, compared without telling by time how much of it was right. */
export function isCron(authorization: string | undefined): boolean {
  const expected = hashOf(`Bearer ${environment().CRON_SECRET}`);
  return timingSafeEqual(expected, hashOf(authorization ?? ""));
}

export function sameSecret(given: string, expected: string): boolean {
  return timingSafeEqual(hashOf(given), hashOf(expected));
}
