import { existsSync, readFileSync, renameSync } from "node:fs";
import { dirname } from "node:path";
import { syncFolder } from "./durable-file.ts";
import { loadOrCreateKey } from "./key-file.ts";

/** The key that seals, and all that open: two while it is being rotated. */
export interface MasterKeys {
  sealing: Uint8Array;
  opening: Uint8Array[];
}

/**
 * A key that is being rotated has its successor beside it: from the moment that this file is there, it seals and both open; the rename that
 * puts it in the other's place ends the rotation. So a crash at any point leaves keys that open everything.
 */
const successorPath = (path: string): string => `${path}.next`;

export const isBeingRotated = (path: string): boolean => existsSync(successorPath(path));

/** Makes the key where it is missing. */
export function readMasterKeys(path: string): MasterKeys {
  const key = loadOrCreateKey(path);
  if (!isBeingRotated(path)) return { sealing: key, opening: [key] };
  const successor = readFileSync(successorPath(path));
  return { sealing: successor, opening: [successor, key] };
}

/** May be repeated: a rotation that a crash interrupted goes on with the successor that it has. */
export function beginRotation(path: string): void {
  loadOrCreateKey(successorPath(path));
}

/** Call when nothing is left that only the old key opens. */
export function endRotation(path: string): void {
  if (!isBeingRotated(path)) return;
  renameSync(successorPath(path), path);
  syncFolder(dirname(path));
}
