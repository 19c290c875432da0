import type { Context, Next } from "hono";
import { refused } from "../http/refused.ts";
import { countTry } from "./rate-limit.ts";
import { type Caller, callerOfSession, callerOfToken, tokenOf } from "./session.ts";

export type CallerVariables = { Variables: { caller: Caller } };

/** Changes that one caller may make in a minute. */
const changesPerMinute = 120;

/** Everything behind it is for people who are signed in, and for programs with a token. */
export async function requireCaller(c: Context<CallerVariables>, next: Next): Promise<void> {
  const authorization = c.req.header("authorization");
  const caller = authorization
    ? await callerOfToken(authorization)
    : await callerOfSession(tokenOf(c.req.header("cookie")));
  if (!caller) throw refused("Sign in first", 401);
  const changes = !["GET", "HEAD"].includes(c.req.method);
  // A cookie is sent by the browser whoever made it ask: what changes something must come from our own pages.
  if (changes && caller.kind === "person" && c.req.header("x-requested-with") !== "autolynx")
    throw refused("This request does not come from the app's own pages", 403);
  if (changes) {
    const waitSeconds = await countTry(`changes ${caller.id}`, changesPerMinute, 60);
    if (waitSeconds > 0)
      throw refused("Too many changes within a minute", 429, {
        headers: { "retry-after": String(waitSeconds) },
      });
  }
  c.set("caller", caller);
  await next();
}

export async function requireAdmin(c: Context<CallerVariables>, next: Next): Promise<void> {
  if (c.get("caller").role !== "admin") throw refused("This is for administrators", 403);
  await next();
}
