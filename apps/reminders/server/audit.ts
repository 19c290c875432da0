import type { Queries } from "./database.ts";
import type { Operator } from "./operators/session.ts";

/** Who changed what. Written in the transaction of the change. */
export async function audit(
  sql: Queries,
  operator: Operator,
  action: string,
  subject: string,
  detail: object = {},
): Promise<void> {
  await sql`INSERT INTO audit (operator_id, action, subject, detail) VALUES (${operator.id}, ${action}, ${subject}, ${sql.json(detail as never)})`;
}
