import { createHmac } from "node:crypto";
import type { ArchiveKey } from "../archive/archive-key.ts";

/** A chunk's name is the keyed hash of its content: equal content is stored once, and a name shows nothing of it. */
export const chunkName = (key: ArchiveKey, content: Uint8Array): string =>
  createHmac("sha256", key.naming).update(content).digest("hex");
