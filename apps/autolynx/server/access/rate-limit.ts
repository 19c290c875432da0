import { inDirectory } from "../database.ts";
import { hashOf } from "./secret.ts";

/**
 * Counts one more try, over all instances.
 *
 * @returns seconds to wait, or 0 where it is allowed
 */
export function countTry(subject: string, most: number, windowSeconds: number): Promise<number> {
  return inDirectory(async (tx) => {
    const [row] = await tx<{ count: number; left: number }[]>`
      INSERT INTO rate_limits (subject, window_start, count)
      VALUES (${hashOf(subject)}, to_timestamp(floor(extract(epoch FROM now()) / ${windowSeconds}::int) * ${windowSeconds}::int), 1)
      ON CONFLICT (subject, window_start) DO UPDATE SET count = rate_limits.count + 1
      RETURNING count, ceil(extract(epoch FROM window_start) + ${windowSeconds}::int - extract(epoch FROM now()))::int AS left`;
    return row!.count <= most ? 0 : Math.max(1, row!.left);
  });
}
