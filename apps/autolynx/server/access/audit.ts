import type { Scoped } from "../database.ts";
import type { Caller } from "./session.ts";

/** In the transaction of what is done: either both stand, or neither. */
export async function audit(
  tx: Scoped,
  caller: Caller,
  action: string,
  subject = "",
  detail: Record<string, unknown> = {},
): Promise<void> {
  const actor = caller.kind === "person" ? caller.email : `token ${caller.name}`;
  await tx`
    INSERT INTO audit_log (organisation_id, actor, action, subject, detail)
    VALUES (${caller.organisation}, ${actor}, ${action}, ${subject}, ${tx.json(detail as never)})`;
}
