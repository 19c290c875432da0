import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { writeFileDurably } from "@evenkeel/disk";
import type { AppName } from "@evenkeel/model";
import { UidRangeError } from "../errors.ts";

/** A uid and gid of the same number, for one app alone. */
export interface AppIdentity {
  uid: number;
  gid: number;
}

interface RegistryFile {
  formatVersion: 1;
  first: number;
  apps: Record<string, number>;
}

/** Apps that one data directory can have in its life; a uid is never given to a second app, which could own its old files. */
const rangeSize = 10_000;
/** https://systemd.io/UIDS-GIDS/: 1,879,048,192 to 2,147,352,575 is used by nobody. */
const freeFirst = 1_900_000_000;
const freeRanges = 20_000;
/** In containers with few ids: above those of Debian's and Fedora's dynamic users, below "nobody". */
const narrowFirst = 40_000;

/**
 * First uid of a data directory. Two directories on one machine get different ranges, from a hash of their path.
 *
 * @param uidMap text of `/proc/self/uid_map`.
 */
export function firstUid(home: string, uidMap: string): number {
  const ranges = uidMap
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter((fields) => fields.length === 3) as [number, number, number][];
  const hash = createHash("sha256").update(home).digest().readUInt32BE(0);
  const first = freeFirst + (hash % freeRanges) * rangeSize;
  const covers = (id: number) => ranges.some(([inside, , count]) => id >= inside && id < inside + count);
  return covers(first + rangeSize - 1) ? first : narrowFirst;
}

/** Which app has which uid; kept on disk, since files of an app outlive the host. */
export class UidRegistry {
  private readonly content: RegistryFile;

  constructor(
    private readonly path: string,
    first: () => number,
  ) {
    this.content = readRegistry(path) ?? { formatVersion: 1, first: first(), apps: {} };
  }

  /** @throws UidRangeError */
  identity(app: AppName): AppIdentity {
    const known = this.content.apps[app];
    const uid = known ?? this.content.first + Object.keys(this.content.apps).length;
    if (known === undefined) {
      if (uid >= this.content.first + rangeSize) {
        throw new UidRangeError(`App ${app} gets no uid: all ${rangeSize} of this data directory are used`);
      }
      this.content.apps[app] = uid;
      try {
        writeFileDurably(this.path, JSON.stringify(this.content, null, 2));
      } catch (error) {
        delete this.content.apps[app];
        throw error;
      }
    }
    return { uid, gid: uid };
  }
}

function readRegistry(path: string): RegistryFile | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as RegistryFile;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
