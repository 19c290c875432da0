import { Hono } from "hono";
import { z } from "zod";
import { audit } from "../audit.ts";
import { database } from "../database.ts";
import { body, refused } from "../http/body.ts";
import { hashPassword } from "./password.ts";
import type { OperatorVariables } from "./session.ts";

const newOperator = z.object({
  email: z
    .email()
    .max(200)
    .transform((value) => value.toLowerCase()),
  name: z.string().trim().min(1).max(100),
  password: z.string().min(12, "must have 12 characters or more").max(200),
});

export const operatorRoutes = new Hono<OperatorVariables>()
  .get("/", async (c) => {
    const operators =
      await database()`SELECT id, email, name, created_at AS "createdAt" FROM operators ORDER BY email`;
    return c.json({ operators });
  })
  .post("/", async (c) => {
    const given = await body(c, newOperator);
    const hash = await hashPassword(given.password);
    const [added] = await database()<{ id: string }[]>`
      INSERT INTO operators (email, name, password_hash) VALUES (${given.email}, ${given.name}, ${hash}) ON CONFLICT DO NOTHING RETURNING id`;
    if (!added) throw refused("There is an operator with this address already", undefined, 409);
    await audit(database(), c.get("operator"), "operator.add", added.id);
    return c.json(added, 201);
  })
  .delete("/:id", async (c) => {
    const id = c.req.param("id");
    if (id === c.get("operator").id) throw refused("Nobody can remove themselves", undefined, 409);
    await database()`DELETE FROM operators WHERE id::text = ${id}`;
    await audit(database(), c.get("operator"), "operator.remove", id);
    return c.json({ id });
  });
