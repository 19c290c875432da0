import type { ArchivePlace } from "@evenkeel/model";

export interface StoredObject {
  key: string;
  sizeBytes: number;
  modifiedMs: number;
}

/**
 * A place for sealed objects: a folder now, an object store behind the same words. Keys are relative, with `/`.
 * Implementations know nothing of what they hold; all secrecy and integrity is in the objects.
 */
export interface ArchiveTarget {
  /** For messages: where it is. */
  readonly description: string;
  /** Opens the same target elsewhere. */
  readonly spec: TargetSpec;
  /**
   * Stores an object whole or not at all. `create` never overwrites: `exists` says that the key was taken.
   * It is durable on return, unless `later`: then after the next `flush`.
   */
  put(
    key: string,
    bytes: Uint8Array,
    how: "create" | "replace",
    durable?: "now" | "later",
  ): Promise<"stored" | "exists">;
  has(key: string): Promise<boolean>;
  /** @throws ObjectMissingError */
  get(key: string): Promise<Uint8Array>;
  /** All objects whose keys begin with `prefix` (a folder, ending in `/`), sorted by key. */
  list(prefix: string): Promise<StoredObject[]>;
  /** Nothing happens if there is none. */
  delete(key: string): Promise<void>;
  flush(): Promise<void>;
  /** Removes what writers that were interrupted more than a day ago have left. */
  sweep(): Promise<void>;
}

/** A target in words, for a worker thread. It holds the credentials. */
export type TargetSpec = ArchivePlace;

/** A folder of a target, as a target of its own. */
export function subTarget(spec: TargetSpec, folder: string): TargetSpec {
  if (spec.kind === "folder") return { kind: "folder", path: `${spec.path}/${folder}` };
  return { ...spec, prefix: spec.prefix === "" ? folder : `${spec.prefix}/${folder}` };
}
