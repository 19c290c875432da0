import { EvenkeelError } from "@evenkeel/model";
import {
  ArchiveConflictError,
  ArchiveEmptyError,
  ArchiveKeyError,
  ArchiveOwnerError,
  ArchiveUnavailableError,
  ObjectDamagedError,
  ObjectMissingError,
} from "../errors.ts";
import type { ArchiveKey } from "./archive-key.ts";
import type { ArchiveTarget, StoredObject } from "./archive-target.ts";
import { openObject, sealObject } from "./sealed-object.ts";

interface Identity {
  formatVersion: 1;
  /** Decimal, of the cluster that writes here. */
  systemId: string;
}

/**
 * One cluster's backups and WAL in a target, sealed. Objects:
 *
 *     identity                       whose archive it is; the first object
 *     wal/<segment>                  complete WAL segments
 *     tail/<segment>/<from>-<to>     parts of a segment that is not complete, byte offsets in hexadecimal
 *     timelines/<file>               timeline history files
 *     position                       how far the archive is, and when; the only object that is ever replaced
 *     chunks/<xx>/<name>             content of base backups, named by its keyed hash
 *     backups/<id>                   manifests of base backups, written last
 *     oracles/<id>                   what a restored cluster must contain
 */
export class Archive {
  constructor(
    readonly target: ArchiveTarget,
    readonly key: ArchiveKey,
  ) {}

  /**
   * Whose archive it is, as decimal system identifier. Read first by everything that restores, so that a wrong key or
   * an empty folder is told before anything else is done.
   *
   * @throws ArchiveEmptyError @throws ArchiveKeyError
   */
  async owner(): Promise<string> {
    try {
      const sealed = await this.reach("read", "identity", () => this.target.get("identity"));
      return (JSON.parse(Buffer.from(openObject(this.key, "identity", sealed)).toString()) as Identity)
        .systemId;
    } catch (error) {
      if (!(error instanceof ObjectMissingError)) throw error;
      throw new ArchiveEmptyError(`${this.target.description} holds no archive`, {
        hint: "Check the path; an archive begins with its first WAL.",
        cause: error,
      });
    }
  }

  /** Makes the archive the cluster's, if it is nobody's. @throws ArchiveOwnerError if it is another's. */
  async claim(systemId: string): Promise<void> {
    const identity: Identity = { formatVersion: 1, systemId };
    if ((await this.store("identity", Buffer.from(JSON.stringify(identity)), "create")) === "stored") return;
    const owner = await this.owner();
    if (owner === systemId) return;
    throw new ArchiveOwnerError(
      `The archive ${this.target.description} belongs to the cluster with system identifier ${owner}, not ${systemId}`,
      { hint: "Give each cluster an archive folder of its own." },
    );
  }

  /** Durable on return. @throws ArchiveConflictError if the name is taken by other content. */
  async create(name: string, content: Uint8Array): Promise<void> {
    if ((await this.store(name, content, "create")) === "stored") return;
    // Usual after a crash between storing an object and noting it.
    if (Buffer.from(content).equals(await this.read(name))) return;
    throw new ArchiveConflictError(
      `The archive ${this.target.description} holds a different ${name} already`,
      {
        hint: "Two clusters write to one archive, or a cluster was set back without a new timeline. Stop one of them.",
      },
    );
  }

  /** Stores content whose name is its own hash, unless it is there; durable after the target's next `flush`. */
  async keep(name: string, content: Uint8Array): Promise<void> {
    await this.reach("store", name, async () => {
      if (await this.target.has(name)) return;
      await this.target.put(name, sealObject(this.key, name, content), "create", "later");
    });
  }

  /** Only for objects that say what is so now. */
  async replace(name: string, content: Uint8Array): Promise<void> {
    await this.store(name, content, "replace");
  }

  /** @throws ObjectMissingError @throws ObjectDamagedError */
  async read(name: string): Promise<Uint8Array> {
    const sealed = await this.reach("read", name, () => this.target.get(name));
    try {
      return openObject(this.key, name, sealed);
    } catch (error) {
      // The key was right for the archive's identity, so it is the object that is wrong.
      if (!(error instanceof ArchiveKeyError) || name === "identity") throw error;
      throw new ObjectDamagedError(`Object ${name} of the archive is damaged: its header names another key`, {
        cause: error,
      });
    }
  }

  async readJson<Value>(name: string): Promise<Value> {
    return JSON.parse(Buffer.from(await this.read(name)).toString()) as Value;
  }

  list(prefix: string): Promise<StoredObject[]> {
    return this.reach("list", prefix, () => this.target.list(prefix));
  }

  delete(name: string): Promise<void> {
    return this.reach("delete", name, () => this.target.delete(name));
  }

  private store(name: string, content: Uint8Array, how: "create" | "replace"): Promise<"stored" | "exists"> {
    return this.reach("store", name, () => this.target.put(name, sealObject(this.key, name, content), how));
  }

  private async reach<Result>(action: string, name: string, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (cause) {
      if (cause instanceof EvenkeelError) throw cause;
      const reason = (cause as NodeJS.ErrnoException).code ?? (cause as Error).message;
      throw new ArchiveUnavailableError(
        `The archive ${this.target.description} could not ${action} ${name}: ${reason}`,
        {
          hint:
            reason === "ENOSPC"
              ? "Its disk is full: free space on it."
              : "Check that it is there and may be written.",
          cause,
        },
      );
    }
  }
}
