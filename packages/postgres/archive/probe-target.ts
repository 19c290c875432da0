import { randomBytes } from "node:crypto";
import { ArchiveUnsuitableError } from "../errors.ts";
import type { ArchiveTarget } from "./archive-target.ts";

/**
 * Finds out whether a place can hold an archive: writes, refuses to overwrite, reads back, lists and removes one object.
 *
 * @throws ArchiveUnsuitableError where it does not do what an archive needs; what `target` throws where it cannot be reached
 */
export async function probeTarget(target: ArchiveTarget): Promise<void> {
  const key = `probe/${randomBytes(8).toString("hex")}`;
  const content = randomBytes(1_000);
  const refuse = (what: string, hint: string) =>
    new ArchiveUnsuitableError(`${target.description} ${what}`, { hint });
  await target.put(key, content, "create");
  try {
    if ((await target.put(key, randomBytes(8), "create")) !== "exists") {
      throw refuse(
        "overwrote an object that was to be kept",
        "An archive needs a service with conditional writes (If-None-Match): Amazon S3, MinIO, Cloudflare R2 and others have them.",
      );
    }
    const listed = await target.list("probe/");
    if (!listed.some((object) => object.key === key) || !content.equals(await target.get(key))) {
      throw refuse("did not give back what was stored", "Choose another place.");
    }
  } finally {
    await target.delete(key);
  }
}
