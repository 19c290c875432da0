import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import type { z } from "zod";

export interface Fault {
  path: string;
  message: string;
}

/** An answer that ends the request: `{"error": …, "faults": […]}`. */
export function refused(
  error: string,
  status: 400 | 401 | 403 | 404 | 409 | 413 | 415 | 422 | 429 | 502 = 400,
  more: { faults?: Fault[]; headers?: Record<string, string>; [key: string]: unknown } = {},
): HTTPException {
  const { headers, ...body } = more;
  return new HTTPException(status, {
    res: Response.json({ error, ...body }, { status, ...(headers && { headers }) }),
  });
}

/** The JSON body, checked; every fault of it at once, by path. */
export async function bodyOf<Schema extends z.ZodType>(
  c: Context,
  schema: Schema,
): Promise<z.output<Schema>> {
  const given = await c.req.json().catch(() => {
    throw refused("The body is not JSON");
  });
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw refused("Some values are not right", 400, {
    faults: parsed.error.issues.map((issue) => ({ path: issue.path.join("."), message: issue.message })),
  });
}

export const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A path's id; 404 where it cannot be one. */
export function idOf(c: Context, name = "id"): string {
  const id = c.req.param(name) ?? "";
  if (!uuid.test(id)) throw refused("There is nothing here", 404);
  return id;
}
