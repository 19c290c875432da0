import { Hono } from "hono";
import { z } from "zod";
import { type Scoped, within } from "../database.ts";
import { publicUrl } from "../environment.ts";
import { bodyOf, idOf, refused } from "../http/refused.ts";
import { audit } from "./audit.ts";
import { type CallerVariables, requireAdmin } from "./require-caller.ts";
import { hashOf, newToken } from "./secret.ts";

const role = z.enum(["admin", "operator"]);
const newPerson = z.object({
  email: z
    .email()
    .max(200)
    .transform((value) => value.toLowerCase()),
  name: z.string().trim().min(1).max(100),
  role,
});
const linkDays = 7;

async function newLink(tx: Scoped, person: string): Promise<string> {
  const token = newToken();
  await tx`UPDATE sign_in_links SET used_at = now() WHERE person_id = ${person} AND used_at IS NULL`;
  await tx`
    INSERT INTO sign_in_links (token_hash, person_id, expires_at)
    VALUES (${hashOf(token)}, ${person}, now() + make_interval(days => ${linkDays}))`;
  return `${publicUrl()}/welcome?token=${token}`;
}

/** An organisation without an administrator could never be administered again. */
async function keepAnAdmin(tx: Scoped): Promise<void> {
  const [row] = await tx<{ some: boolean }[]>`
    SELECT EXISTS (SELECT FROM people WHERE role = 'admin' AND disabled_at IS NULL AND organisation_id = current_organisation()) AS some`;
  if (!row!.some) throw refused("Somebody has to be an administrator", 409);
}

/** The allow-list: who may sign in, and as what. */
export const peopleRoutes = new Hono<CallerVariables>()
  .use(requireAdmin)
  .get("/", async (c) => c.json({ people: await within(c.get("caller").organisation, peopleOf) }))
  .post("/", async (c) => {
    const caller = c.get("caller");
    const given = await bodyOf(c, newPerson);
    const made = await within(caller.organisation, async (tx) => {
      const [person] = await tx<{ id: string }[]>`
        INSERT INTO people (organisation_id, email, name, role) VALUES (${caller.organisation}, ${given.email}, ${given.name}, ${given.role})
        ON CONFLICT (email) DO NOTHING RETURNING id`;
      if (!person) throw refused("This address is let in already", 409);
      await audit(tx, caller, "let somebody in", given.email, { role: given.role });
      return { id: person.id, link: await newLink(tx, person.id) };
    });
    return c.json(made, 201);
  })
  .post("/:id/link", async (c) => {
    const caller = c.get("caller");
    const id = idOf(c);
    const link = await within(caller.organisation, async (tx) => {
      const [person] = await tx<
        { email: string }[]
      >`SELECT email FROM people WHERE id = ${id} AND disabled_at IS NULL`;
      if (!person) throw refused("There is no such person", 404);
      await audit(tx, caller, "made a one-time link", person.email);
      return newLink(tx, id);
    });
    return c.json({ link }, 201);
  })
  .patch("/:id", async (c) => {
    const caller = c.get("caller");
    const given = await bodyOf(c, z.object({ role: role.optional(), letIn: z.boolean().optional() }));
    const id = idOf(c);
    await within(caller.organisation, async (tx) => {
      const [person] = await tx<{ email: string }[]>`
        UPDATE people SET role = coalesce(${given.role ?? null}, role),
          disabled_at = CASE WHEN ${given.letIn ?? null}::boolean IS NULL THEN disabled_at WHEN ${given.letIn ?? null}::boolean THEN NULL ELSE now() END
        WHERE id = ${id} RETURNING email`;
      if (!person) throw refused("There is no such person", 404);
      await keepAnAdmin(tx);
      if (given.letIn === false) await tx`DELETE FROM sessions WHERE person_id = ${id}`;
      await audit(
        tx,
        caller,
        given.letIn === false ? "shut somebody out" : "changed somebody",
        person.email,
        given,
      );
    });
    return c.json({ id });
  });

export const peopleOf = (tx: Scoped) => tx<
  {
    id: string;
    email: string;
    name: string;
    role: "admin" | "operator";
    state: "active" | "invited" | "shut_out";
  }[]
>`
  SELECT id, email, name, role, CASE WHEN disabled_at IS NOT NULL THEN 'shut_out' WHEN password_hash IS NULL THEN 'invited' ELSE 'active' END AS state
  FROM people ORDER BY name`;

/** What programs sign in with. */
export const tokenRoutes = new Hono<CallerVariables>()
  .use(requireAdmin)
  .get("/", async (c) => {
    const tokens = await within(
      c.get("caller").organisation,
      (tx) =>
        tx`SELECT id, name, role, created_at AS "createdAt" FROM api_tokens WHERE revoked_at IS NULL ORDER BY created_at DESC`,
    );
    return c.json({ tokens });
  })
  .post("/", async (c) => {
    const caller = c.get("caller");
    const given = await bodyOf(
      c,
      z.object({ name: z.string().trim().min(1).max(100), role: role.default("operator") }),
    );
    const token = `alx_${newToken()}`;
    await within(caller.organisation, async (tx) => {
      await tx`
        INSERT INTO api_tokens (token_hash, organisation_id, name, role)
        VALUES (${hashOf(token)}, ${caller.organisation}, ${given.name}, ${given.role})`;
      await audit(tx, caller, "made a token", given.name, { role: given.role });
    });
    return c.json({ token }, 201);
  })
  .delete("/:id", async (c) => {
    const caller = c.get("caller");
    const id = idOf(c);
    await within(caller.organisation, async (tx) => {
      const [token] = await tx<
        { name: string }[]
      >`UPDATE api_tokens SET revoked_at = now() WHERE id = ${id} AND revoked_at IS NULL RETURNING name`;
      if (!token) throw refused("There is no such token", 404);
      await audit(tx, caller, "revoked a token", token.name);
    });
    return c.json({ id });
  });

export const auditOf = (tx: Scoped, before?: number) => tx<
  { id: number; actor: string; action: string; subject: string; at: Date }[]
>`
  SELECT id, actor, action, subject, detail, at FROM audit_log WHERE ${before ?? null}::bigint IS NULL OR id < ${before ?? null}::bigint
  ORDER BY id DESC LIMIT 100`;

export const auditRoutes = new Hono<CallerVariables>().use(requireAdmin).get("/", async (c) => {
  const before = Number(c.req.query("before")) || undefined;
  return c.json({ entries: await within(c.get("caller").organisation, (tx) => auditOf(tx, before)) });
});
