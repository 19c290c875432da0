import { readFileSync } from "node:fs";
import { writeFileDurably } from "@evenkeel/disk";
import { newTokenText, readTokenText, type TokenText } from "./token-text.ts";

/** Id of the machine's own token. It stands in a file, not in the database, so status can be asked while that is away. */
export const adminTokenId = "admin";

/** Reads `keys/api-token` (0600), which whoever may read it uses; made at the first start. */
export function loadOrCreateAdminToken(path: string): TokenText {
  const existing = readExisting(path);
  if (existing) return existing;
  const token = newTokenText(adminTokenId);
  writeFileDurably(path, `${token.text}\n`, 0o600);
  return token;
}

function readExisting(path: string): TokenText | undefined {
  try {
    return readTokenText(readFileSync(path, "utf8").trim());
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
