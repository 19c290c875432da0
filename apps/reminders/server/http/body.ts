import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import type { z } from "zod";

/** The JSON body, checked; every fault of it at once, by path. */
export async function body<Schema extends z.ZodType>(c: Context, schema: Schema): Promise<z.output<Schema>> {
  const given = await c.req.json().catch(() => {
    throw refused("The body is not JSON");
  });
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw refused(
    "Some values are not right",
    parsed.error.issues.map((issue) => ({ path: issue.path.join("."), message: issue.message })),
  );
}

export function refused(
  error: string,
  faults?: { path: string; message: string }[],
  status: 400 | 404 | 409 = 400,
): HTTPException {
  return new HTTPException(status, { res: Response.json({ error, ...(faults && { faults }) }, { status }) });
}
