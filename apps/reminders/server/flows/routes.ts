import { Hono } from "hono";
import { z } from "zod";
import { audit } from "../audit.ts";
import { database, type Queries } from "../database.ts";
import { body, refused } from "../http/body.ts";
import type { OperatorVariables } from "../operators/session.ts";
import { checkFlow } from "./check-flow.ts";
import { starterFlows } from "./starter-flows.ts";

const saved = z.object({
  id: z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, "must be lower-case letters, digits and -"),
  name: z.string().trim().min(1).max(80),
  definition: z.unknown(),
  /** The version that was edited: somebody else's newer one is not written over. */
  basedOn: z.int().min(0),
});

export const flowRoutes = new Hono<OperatorVariables>()
  .get("/", async (c) => {
    const flows = await database()`
      SELECT f.id, f.name, v.version, v.definition, v.created_at AS "changedAt",
        (SELECT count(*)::int FROM conversations c WHERE c.flow_id = f.id AND c.status <> 'ended') AS "underWay"
      FROM flows f JOIN LATERAL (SELECT * FROM flow_versions WHERE flow_id = f.id ORDER BY version DESC LIMIT 1) v ON true
      WHERE f.archived_at IS NULL ORDER BY f.name`;
    return c.json({ flows });
  })
  .get("/:id/versions", async (c) => {
    const versions = await database()`
      SELECT v.version, v.created_at AS "createdAt", o.name AS by, v.definition FROM flow_versions v LEFT JOIN operators o ON o.id = v.created_by
      WHERE v.flow_id = ${c.req.param("id")} ORDER BY v.version DESC LIMIT 50`;
    return c.json({ versions });
  })
  .put("/:id", async (c) => {
    const given = await body(c, saved);
    const { flow, faults } = checkFlow(given.definition);
    if (!flow)
      throw refused(
        "The flow is not right",
        faults.map(({ path, message }) => ({ path, message })),
      );
    const version = await database().begin(async (sql) => {
      await sql`INSERT INTO flows (id, name) VALUES (${given.id}, ${given.name})
                ON CONFLICT (id) DO UPDATE SET name = excluded.name, archived_at = null`;
      const [newest] = await sql<{ version: number }[]>`
        SELECT coalesce(max(version), 0)::int AS version FROM flow_versions WHERE flow_id = ${given.id}`;
      if (newest!.version !== given.basedOn) {
        throw refused(
          `Somebody has saved version ${newest!.version} meanwhile. Reload, and put your change on top of it`,
          undefined,
          409,
        );
      }
      await sql`
        INSERT INTO flow_versions (flow_id, version, definition, created_by)
        VALUES (${given.id}, ${newest!.version + 1}, ${sql.json(flow as never)}, ${c.get("operator").id})`;
      await audit(sql, c.get("operator"), "flow.save", given.id, { version: newest!.version + 1 });
      return newest!.version + 1;
    });
    return c.json({ id: given.id, version });
  });

/** The flows that a new installation begins with. */
export async function addStarterFlows(sql: Queries): Promise<void> {
  for (const { id, name, flow } of starterFlows) {
    await sql`INSERT INTO flows (id, name) VALUES (${id}, ${name}) ON CONFLICT DO NOTHING`;
    await sql`INSERT INTO flow_versions (flow_id, version, definition) VALUES (${id}, 1, ${sql.json(flow as never)}) ON CONFLICT DO NOTHING`;
  }
}
