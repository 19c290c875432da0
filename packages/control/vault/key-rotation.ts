import { setTimeout as sleep } from "node:timers/promises";
import { beginRotation, endRotation, isBeingRotated, readMasterKeys } from "@evenkeel/disk";
import { type HomeLayout, ReportedError } from "@evenkeel/model";
import { record } from "../audit/audit-log.ts";
import type { Database } from "../database/database.ts";
import type { DatabasesLink } from "../databases/databases-link.ts";
import { DatabasesUnreachableError } from "../errors.ts";
import type { HostLink } from "../instances/host-link.ts";
import { type Rewrapped, rewrapAll, sealedTables } from "./sealed-tables.ts";
import type { Vault } from "./vault.ts";

/** A statement waits at most 3 s for a connection, so what was sealed before this is with the database after it. */
const sealedUnderWayMs = 5_000;
const hostLimitMs = 30_000;
const archiveLimitMs = 120_000;
const retryMs = 10_000;

/**
 * Replaces `keys/master.key`. By what a crash leaves, in order:
 *
 * 1. The successor stands beside the key: it seals, both open. The platform's archive gets both, as it follows the database at once and copies
 *    keys only now and then: whoever rebuilds from it has whatever the database needs.
 * 2. All data keys are wrapped for the successor, in one transaction; what was sealed for the old key meanwhile in a second one, which nobody
 *    writes beside.
 * 3. The host seals the environments that it keeps with the successor.
 * 4. The successor takes the key's place.
 *
 * Interrupted before 4, it is taken up again by the next start, or the next call.
 */
export class KeyRotation {
  private running: Promise<Rewrapped> | undefined;

  constructor(
    private readonly parts: {
      layout: HomeLayout;
      database: Database;
      vault: Vault;
      host: HostLink;
      databases: DatabasesLink;
    },
  ) {}

  get isInterrupted(): boolean {
    return isBeingRotated(this.parts.layout.masterKey);
  }

  /** Takes up one that was interrupted, until it has ended. */
  async resume(signal: AbortSignal): Promise<void> {
    while (this.isInterrupted && !signal.aborted) {
      try {
        await this.run("platform");
      } catch (error) {
        console.error(`control: the rotation of the master key did not end yet: ${(error as Error).message}`);
        await sleep(retryMs, undefined, { signal }).catch(() => {});
      }
    }
  }

  /** @throws DatabaseUnavailableError, HostUnreachableError, DatabasesUnreachableError; both keys are then still accepted */
  run(who: string): Promise<Rewrapped> {
    this.running ??= this.rotate(who).finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  private async rotate(who: string): Promise<Rewrapped> {
    const { layout, database, vault, host } = this.parts;
    // A link that is not there yet is waited for only once there is something to finish.
    if (!this.isInterrupted && !this.parts.databases.isConnected) throw new DatabasesUnreachableError();
    beginRotation(layout.masterKey);
    await this.untilArchived();
    vault.use(readMasterKeys(layout.masterKey));
    const first = await database.transaction((connection) => rewrapAll(connection, vault));
    await sleep(sealedUnderWayMs);
    const second = await database.transaction(async (connection) => {
      const tables = await connection.query<{ name: string }>(
        "SELECT name FROM unnest($1::text[]) AS name WHERE to_regclass(name) IS NOT NULL",
        [sealedTables.map(({ table }) => table)],
      );
      const names = tables.map(({ name }) => name).join(", ");
      await connection.query(`LOCK TABLE ${names} IN SHARE ROW EXCLUSIVE MODE`);
      const late = await rewrapAll(connection, vault);
      await record(connection, {
        ...{ who, action: "key.rotate", object: "master" },
        detail: { values: first.values + late.values, unreadable: late.unreadable },
      });
      return late;
    });
    await host.rekey(hostLimitMs);
    endRotation(layout.masterKey);
    vault.use(readMasterKeys(layout.masterKey));
    // So that it forgets the old one; its next start would, too.
    await host.rekey(hostLimitMs).catch(() => {});
    return { values: first.values + second.values, unreadable: second.unreadable };
  }

  private async untilArchived(): Promise<void> {
    const sinceMs = Date.now();
    const limitMs = sinceMs + archiveLimitMs;
    for (;;) {
      const { platform } = await this.parts.databases.ask({ type: "platform" });
      const { copiedAtMs = 0, error } = platform!.files;
      if (copiedAtMs >= sinceMs) return;
      if (error) throw new ReportedError(error);
      if (Date.now() > limitMs) throw new DatabasesUnreachableError();
      await sleep(200);
    }
  }
}
