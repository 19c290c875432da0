import { Hono } from "hono";
import { z } from "zod";
import { database } from "../database.ts";
import { environment } from "../environment.ts";
import { addStarterFlows } from "../flows/routes.ts";
import { body } from "../http/body.ts";
import { hashPassword, isPassword } from "./password.ts";
import { endSession, operatorOf, sameSecret, startSession } from "./session.ts";

const email = z
  .email()
  .max(200)
  .transform((value) => value.toLowerCase());
const signIn = z.object({ email, password: z.string().min(1).max(200) });
const setUp = z.object({
  token: z.string().min(1),
  email,
  name: z.string().trim().min(1).max(100),
  password: z.string().min(12, "must have 12 characters or more").max(200),
});

/** Failures in a quarter of an hour after which an account, or an address, has to wait. */
const mostFailures = 8;

export const sessionRoutes = new Hono()
  .get("/", async (c) => {
    const sql = database();
    const operator = await operatorOf(c, sql);
    const [row] = await sql<{ some: boolean }[]>`SELECT EXISTS (SELECT FROM operators) AS some`;
    return c.json({ operator: operator ?? null, needsSetup: !row!.some });
  })
  .post("/", async (c) => {
    const given = await body(c, signIn);
    const sql = database();
    const address = c.req.header("x-forwarded-for")?.split(",")[0]?.trim() ?? "unknown";
    const subjects = [`account:${given.email}`, `address:${address}`];
    const [failures] = await sql<{ most: number }[]>`
      SELECT coalesce(max(count), 0)::int AS most FROM (
        SELECT count(*) FROM sign_in_failures WHERE subject = ANY(${subjects}) AND failed_at > now() - interval '15 minutes' GROUP BY subject
      ) AS f`;
    if (failures!.most >= mostFailures) {
      c.header("Retry-After", "900");
      return c.json({ error: "Too many attempts. Try again in a quarter of an hour" }, 429);
    }
    const [operator] = await sql<{ id: string; hash: string }[]>`
      SELECT id, password_hash AS hash FROM operators WHERE lower(email) = ${given.email}`;
    if (!(await isPassword(given.password, operator?.hash))) {
      await sql`INSERT INTO sign_in_failures (subject) SELECT unnest(${subjects}::text[])`;
      await sql`DELETE FROM sign_in_failures WHERE failed_at < now() - interval '1 day'`;
      return c.json({ error: "E-mail address or password is wrong" }, 401);
    }
    await startSession(c, sql, operator!.id);
    return c.json({ signedIn: true });
  })
  .delete("/", async (c) => {
    await endSession(c, database());
    return c.json({ signedIn: false });
  })
  // The first operator; afterwards the token opens nothing.
  .post("/setup", async (c) => {
    const given = await body(c, setUp);
    const token = environment().SETUP_TOKEN;
    if (!token) return c.json({ error: "SETUP_TOKEN is not set. Set it, deploy, and try again" }, 403);
    if (!sameSecret(given.token, token)) return c.json({ error: "This is not the set-up token" }, 403);
    const sql = database();
    const hash = await hashPassword(given.password);
    const [operator] = await sql<{ id: string }[]>`
      INSERT INTO operators (email, name, password_hash)
      SELECT ${given.email}, ${given.name}, ${hash} WHERE NOT EXISTS (SELECT FROM operators)
      ON CONFLICT DO NOTHING RETURNING id`;
    if (!operator) return c.json({ error: "There is an operator already. Ask them to add you" }, 409);
    await addStarterFlows(sql);
    await startSession(c, sql, operator.id);
    return c.json({ signedIn: true }, 201);
  });
