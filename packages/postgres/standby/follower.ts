import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ErrorJson, errorJson } from "@evenkeel/model";
import { AppCluster } from "../app-cluster/app-cluster.ts";
import { setSynchronous } from "../archive/zero-loss.ts";
import { withSession } from "../client/session.ts";
import { ServerStartError, StandbyDivergedError, StandbyForeignError } from "../errors.ts";
import type { OnProgress } from "../keeper/cluster-protection.ts";
import { accessRules, replicationRole } from "../server/access-rules.ts";
import { copyPrimary } from "./copy-primary.ts";
import { ensureReplicationRole, ensureStandbySlot, followSettings } from "./follow-settings.ts";
import { keepForArchive, readFollower, readReplayed } from "./follower-state.ts";
import { readLineage, requireFollower } from "./lineage.ts";
import type { StandbyOwner } from "./standby-owner.ts";
import { type StandbyRecord, standbySlot } from "./standby-record.ts";

/** A standby that was away for so many looks (ten seconds) holds up commits no longer. */
const patienceLooks = 5;
/** It may be so far behind and still be in step. */
const inStepBytes = 16 * 1024 * 1024;
/** Looks after which a standby that does not connect is asked whether it ever can. */
const looksBeforeLineage = 3;
/** A copy that does not help is not repeated all the time. */
const anewEveryMs = 60_000;

/**
 * The standby's server: copied from the primary, started, kept in step, made anew where it can follow no more.
 *
 * Commits wait for it (`sync`) while it is in step. That they do not any more is on disk (`StandbyRecord.awaySinceMs`) before the first of them.
 */
export class Follower {
  /** Its server, once it was started. */
  cluster: AppCluster | undefined;
  /** While it is connected. */
  streaming: { lagBytes: number; lagMs: number } | undefined;
  disconnectedMs: number | undefined;
  /** It is none of this database. */
  refusal: ErrorJson | undefined;
  /** Why it does not follow, as far as it is known. */
  trouble: ErrorJson | undefined;
  private copying: Promise<void> | undefined;
  private anewAgainMs = 0;
  private missedLooks = 0;
  private looks = 0;

  constructor(private readonly owner: StandbyOwner) {}

  get isCopying(): boolean {
    return this.copying !== undefined;
  }

  /** Nothing is known of another one. */
  forget(): void {
    this.cluster = this.streaming = this.disconnectedMs = this.refusal = this.trouble = undefined;
  }

  /** Once, while the primary serves. @throws where something is in the way this time */
  async look(): Promise<void> {
    try {
      await this.startFollowing();
      await this.follow();
    } catch (error) {
      if (error instanceof StandbyDivergedError) await this.makeAnew(error);
      else if (error instanceof StandbyForeignError) this.refuse(error);
      else throw error;
    }
  }

  /** Its server in `dataDir`, not started. */
  newCluster(dataDir: string, port: number): AppCluster {
    const { record, place, settings, replicationPassword, note } = this.owner;
    const { socketDir } = place;
    return new AppCluster(
      {
        ...{ name: `${record.app}/${record.environment} standby`, dataDir, socketDir, port, password: "" },
        ...(settings ? { settings } : {}),
        follows: followSettings({ socketDir, port: record.port, password: replicationPassword() }),
        prepare: async () => {
          // An empty cluster in its place would be a primary.
          if (!existsSync(join(dataDir, "PG_VERSION"))) throw new StandbyDivergedError(`${dataDir} is gone`);
        },
      },
      (event) => note(`standby_${event.kind}`, "error" in event ? event.error : undefined),
    );
  }

  /** Makes it anew of what the primary is now. */
  copy(onProgress: OnProgress): Promise<void> {
    this.copying ??= this.copyOnce(onProgress).finally(() => {
      this.copying = undefined;
    });
    return this.copying;
  }

  private async copyOnce(onProgress: OnProgress): Promise<void> {
    const { record, place, superuser, archive } = this.owner;
    const standby = record.standby!;
    await this.cluster?.kill();
    this.cluster = undefined;
    await this.owner.whileServing(async () => {
      await ensureReplicationRole(superuser, this.owner.replicationPassword());
      await this.ensureAccess();
      await ensureStandbySlot(superuser);
      await copyPrimary({
        ...{ dataDir: place.dataDir, connection: superuser, to: standby.dataDir, archive, onProgress },
      });
      if (record.former?.dataDir !== standby.dataDir) return;
      delete record.former;
      this.owner.save();
    });
  }

  /** A primary that an earlier version started does not know the role. */
  private async ensureAccess(): Promise<void> {
    const path = join(this.owner.place.dataDir, "pg_hba.conf");
    if (readFileSync(path, "utf8").includes(replicationRole)) return;
    writeFileSync(path, accessRules("postgres"));
    await withSession(this.owner.superuser, (client) => client.query("SELECT pg_reload_conf()"));
  }

  private async startFollowing(): Promise<void> {
    if (this.cluster) return;
    const { record, superuser, replicationPassword } = this.owner;
    const { dataDir, port } = record.standby!;
    requireFollower(dataDir, await readLineage(superuser));
    this.refusal = undefined;
    await ensureReplicationRole(superuser, replicationPassword());
    await ensureStandbySlot(superuser);
    const cluster = this.newCluster(dataDir, port);
    try {
      await cluster.start();
    } catch (error) {
      // Above all when its own WAL goes on where the primary's history does not.
      if (!(error instanceof ServerStartError)) throw error;
      throw new StandbyDivergedError(`The standby does not start: ${error.message}`, { cause: error });
    }
    this.cluster = cluster;
  }

  private async follow(): Promise<void> {
    const { superuser, received, note } = this.owner;
    const standby = this.owner.record.standby!;
    const state = await readFollower(superuser);
    if (state.isSlotLost)
      throw new StandbyDivergedError("The primary has removed WAL that the standby lacked");
    if (!state.isStreaming) return this.missFollower(standby);
    if (!this.streaming) note("standby_streaming");
    this.streaming = { lagBytes: state.lagBytes, lagMs: state.lagMs };
    this.disconnectedMs = this.trouble = undefined;
    this.missedLooks = 0;
    if (standby.awaySinceMs !== undefined && state.lagBytes <= inStepBytes) {
      if (standby.sync) await setSynchronous(superuser, standbySlot, true);
      delete standby.awaySinceMs;
      this.owner.save();
    }
    if (this.looks++ % 5 === 0)
      await keepForArchive((await this.cluster!.start()).connectionOptions(), received());
  }

  private async missFollower(standby: StandbyRecord): Promise<void> {
    const { superuser, save, note } = this.owner;
    this.streaming = undefined;
    this.disconnectedMs ??= Date.now();
    if (
      standby.awaySinceMs === undefined &&
      Date.now() - this.disconnectedMs >= patienceLooks * (this.owner.lookEveryMs ?? 2_000)
    ) {
      note("standby_away");
      standby.awaySinceMs = this.disconnectedMs;
      save();
      if (standby.sync) await setSynchronous(superuser, standbySlot, false);
    }
    if (++this.missedLooks % looksBeforeLineage !== 0 || !this.cluster) return;
    const running = await this.cluster.start();
    const replayed = await readReplayed(running.connectionOptions());
    requireFollower(standby.dataDir, await readLineage(superuser), replayed);
  }

  private async makeAnew(why: StandbyDivergedError): Promise<void> {
    const { record, save, superuser, note } = this.owner;
    const standby = record.standby!;
    this.trouble = errorJson(why);
    if (performance.now() < this.anewAgainMs) return;
    this.anewAgainMs = performance.now() + anewEveryMs;
    note("standby_made_anew", why);
    standby.awaySinceMs ??= Date.now();
    save();
    this.streaming = undefined;
    // Nobody waits for what is being copied.
    await setSynchronous(superuser, standbySlot, false);
    await this.copy(() => {});
    await this.startFollowing();
  }

  private refuse(error: StandbyForeignError): void {
    if (this.refusal?.message !== error.message) this.owner.note("standby_refused", error);
    this.refusal = error.toJSON();
  }
}
