import { type Context, Hono } from "hono";
import { z } from "zod";
import { inDirectory, type Scoped, within } from "../database.ts";
import { environment } from "../environment.ts";
import { bodyOf, refused } from "../http/refused.ts";
import { log } from "../log.ts";
import { syncProvider } from "../vapi/sync.ts";
import { hashPassword, isPassword } from "./password.ts";
import { countTry } from "./rate-limit.ts";
import { hashOf, sameSecret } from "./secret.ts";
import { callerOfSession, sessionCookie, startSession, tokenOf } from "./session.ts";

const email = z
  .email()
  .max(200)
  .transform((value) => value.toLowerCase());
const signIn = z.object({ email, password: z.string().min(1).max(200) });
const welcome = z.object({
  token: z.string().min(1).max(200),
  name: z.string().trim().min(1).max(100),
  password: z.string().min(12, "must have 12 characters or more").max(200),
  /** Of the first organisation; asked for with the set-up token only. */
  organisation: z.string().trim().min(1).max(100).optional(),
});

const triesPerQuarter = 10;
const addressOf = (c: Context): string =>
  c.req.header("x-forwarded-for")?.split(",")[0]?.trim() ?? c.req.header("x-real-ip") ?? "unknown";

async function limitTries(...subjects: string[]): Promise<void> {
  for (const subject of subjects) {
    const waitSeconds = await countTry(subject, triesPerQuarter, 900);
    if (waitSeconds > 0)
      throw refused("Too many attempts. Try again later", 429, {
        headers: { "retry-after": String(waitSeconds) },
      });
  }
}

export const sessionRoutes = new Hono()
  .get("/", async (c) => {
    const caller = await callerOfSession(tokenOf(c.req.header("cookie")));
    return c.json({ caller: caller ?? null });
  })
  .post("/", async (c) => {
    const given = await bodyOf(c, signIn);
    await limitTries(`sign-in ${given.email}`, `sign-in from ${addressOf(c)}`);
    const person = await inDirectory(async (tx) => {
      const [row] = await tx<{ id: string; hash: string | null; organisation: string }[]>`
        SELECT id, password_hash AS hash, organisation_id AS organisation FROM people
        WHERE email = ${given.email} AND disabled_at IS NULL`;
      return row;
    });
    if (!(await isPassword(given.password, person?.hash)))
      throw refused("E-mail address or password is wrong", 401);
    const token = await inDirectory((tx) => startSession(tx, person!.id));
    await within(
      person!.organisation,
      (tx) => tx`
        INSERT INTO audit_log (organisation_id, actor, action) VALUES (${person!.organisation}, ${given.email}, 'signed in')`,
    );
    c.header("set-cookie", sessionCookie(token));
    return c.json({ signedIn: true });
  })
  .delete("/", async (c) => {
    const token = tokenOf(c.req.header("cookie"));
    if (token) await inDirectory((tx) => tx`DELETE FROM sessions WHERE token_hash = ${hashOf(token)}`);
    c.header("set-cookie", sessionCookie("", 0));
    return c.json({ signedIn: false });
  })
  /** A one-time link: of somebody whom an administrator let in, or the first administrator's. */
  .post("/welcome", async (c) => {
    const given = await bodyOf(c, welcome);
    await limitTries(`welcome from ${addressOf(c)}`);
    const hash = await hashPassword(given.password);
    const { SETUP_TOKEN } = environment();
    const first = SETUP_TOKEN !== undefined && sameSecret(given.token, SETUP_TOKEN);
    const person = await inDirectory((tx) =>
      first ? makeFirstAdmin(tx, given, hash) : redeemLink(tx, given, hash),
    );
    if (first) {
      // Its campaigns need assistants and lines; where the provider does not answer now, the button in Settings does it.
      await syncProvider(person.organisation).catch((error) =>
        log("warn", "The provider was not read at set-up", { error }),
      );
    }
    c.header("set-cookie", sessionCookie(person.session));
    return c.json({ signedIn: true }, 201);
  });

type Welcome = z.output<typeof welcome>;

async function makeFirstAdmin(tx: Scoped, given: Welcome, hash: string) {
  const { FIRST_ADMIN_EMAIL } = environment();
  if (!FIRST_ADMIN_EMAIL) throw refused("FIRST_ADMIN_EMAIL is not set. Set it, deploy, and try again", 403);
  // Two at once: the second waits here and then finds somebody.
  await tx`SELECT pg_advisory_xact_lock(74627003)`;
  const [some] = await tx`SELECT FROM people LIMIT 1`;
  if (some) throw refused("This link was used already", 409);
  const [organisation] = await tx<{ id: string }[]>`
    INSERT INTO organisations (name) VALUES (${given.organisation ?? "Our organisation"}) RETURNING id`;
  const [person] = await tx<{ id: string }[]>`
    INSERT INTO people (organisation_id, email, name, role, password_hash)
    VALUES (${organisation!.id}, ${FIRST_ADMIN_EMAIL.toLowerCase()}, ${given.name}, 'admin', ${hash}) RETURNING id`;
  return { organisation: organisation!.id, session: await startSession(tx, person!.id) };
}

async function redeemLink(tx: Scoped, given: Welcome, hash: string) {
  const [link] = await tx<{ person: string }[]>`
    UPDATE sign_in_links SET used_at = now()
    WHERE token_hash = ${hashOf(given.token)} AND used_at IS NULL AND expires_at > now() RETURNING person_id AS person`;
  if (!link)
    throw refused("This link was used already, or is too old. Ask an administrator for a new one", 403);
  const [person] = await tx<{ organisation: string }[]>`
    UPDATE people SET name = ${given.name}, password_hash = ${hash}
    WHERE id = ${link.person} AND disabled_at IS NULL RETURNING organisation_id AS organisation`;
  if (!person)
    throw refused("This link was used already, or is too old. Ask an administrator for a new one", 403);
  // Whoever had an old password is out.
  await tx`DELETE FROM sessions WHERE person_id = ${link.person}`;
  return { organisation: person.organisation, session: await startSession(tx, link.person) };
}
