import { existsSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  type DatabaseFailover,
  errorJson,
  type FailoverWish,
  randomId,
  type StandbyReport,
} from "@evenkeel/model";
import { setSynchronous } from "../archive/zero-loss.ts";
import {
  FailoverRefusedError,
  StandbyBehindError,
  StandbyForeignError,
  StandbyRefusedError,
} from "../errors.ts";
import type { OnProgress } from "../keeper/cluster-protection.ts";
import { killServer } from "../server/kill-server.ts";
import { failOver } from "./fail-over.ts";
import { dropStandbySlot } from "./follow-settings.ts";
import { Follower } from "./follower.ts";
import { primaryAnswers } from "./primary-answers.ts";
import type { StandbyOwner } from "./standby-owner.ts";
import { type StandbyRecord, standbySlot } from "./standby-record.ts";

const usualLookMs = 2_000;
const answerLimitMs = 1_500;
const inStepLimitMs = 60_000;

/**
 * The hot standby of one database: made, kept in step, watched, promoted. Without one it does nothing, not even by a timer.
 *
 * What is promised of commits is on disk before it changes (`StandbyRecord.awaySinceMs`), and so is each step of a failover (`fail-over.ts`).
 */
export class DatabaseStandby {
  private readonly follower: Follower;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private failing: Promise<DatabaseFailover> | undefined;
  private looking: Promise<void> = Promise.resolve();
  private missedChecks = 0;
  private ended = false;

  constructor(private readonly owner: StandbyOwner) {
    this.follower = new Follower(owner);
  }

  private get lookEveryMs(): number {
    return this.owner.lookEveryMs ?? usualLookMs;
  }

  /** Goes on with a failover that was interrupted, and returns when none is under way: only then a primary may be started. */
  async settle(): Promise<void> {
    if (this.failing) return void (await this.failing);
    const begun = this.owner.log.underWay();
    if (begun) await this.run(begun);
  }

  /** Begins to look after the standby, if there is one. */
  open(): void {
    const { standby } = this.owner.record;
    if (this.ended || this.timer || !standby) return;
    if (standby.removing)
      return void this.remove().catch((error) => this.owner.note("standby_removal_failed", error));
    this.lookLater();
  }

  /** Its server goes on. */
  async release(): Promise<void> {
    this.ended = true;
    clearTimeout(this.timer);
    await this.follower.cluster?.release();
    await this.looking;
  }

  /** Whether it takes over by itself when the primary is lost. */
  get takesOver(): boolean {
    const { standby } = this.owner.record;
    return (
      this.owner.terms().failoverChecks > 0 && standby !== undefined && standby.awaySinceMs === undefined
    );
  }

  report(): StandbyReport | undefined {
    const { standby } = this.owner.record;
    if (!standby) return undefined;
    const { refusal, trouble, isCopying, streaming } = this.follower;
    const error = refusal ?? trouble;
    const { sync, awaySinceMs } = standby;
    return {
      state: refusal ? "refused" : isCopying ? "copying" : streaming ? "streaming" : "waiting",
      ...{ folder: standby.dataDir, sync, ...streaming },
      ...(sync && awaySinceMs !== undefined ? { syncSuspendedMs: awaySinceMs } : {}),
      ...(error ? { error } : {}),
    };
  }

  /** How far it is behind, in seconds; while it is away, for how long. Undefined where there is none. */
  lagS(nowMs = Date.now()): number | undefined {
    if (!this.owner.record.standby) return undefined;
    const { streaming, disconnectedMs } = this.follower;
    if (streaming) return streaming.lagMs / 1_000;
    return disconnectedMs === undefined ? undefined : (nowMs - disconnectedMs) / 1_000;
  }

  /** Makes it, or changes its terms. Returns when it is in step. @throws StandbyRefusedError StandbyBehindError and what a copy throws; there is then none */
  async add(
    { sync, path }: { sync: boolean; path?: string | undefined },
    onProgress: OnProgress,
  ): Promise<void> {
    const { record, save } = this.owner;
    if (this.owner.terms().zeroLoss && !sync) {
      throw new StandbyRefusedError(
        "The database loses nothing that it has acknowledged; a standby that commits do not wait for would",
        {
          hint: "Add it with --sync, or end the promise: evenkeel db protect APP --no-zero-loss",
        },
      );
    }
    const known = record.standby;
    const dataDir = this.placeOf(path);
    if (known && path !== undefined && dataDir !== known.dataDir) {
      throw new StandbyRefusedError(`There is a standby already, in ${known.dataDir}`, {
        hint: "A database has one: evenkeel db standby remove APP first.",
      });
    }
    if (known) await this.changeSync(known, sync);
    else {
      // Nothing of it is in step yet.
      record.standby = {
        dataDir,
        port: this.owner.allotPort(),
        sync,
        awaySinceMs: Date.now(),
        createdAtMs: Date.now(),
      };
      save();
      try {
        await this.follower.copy(onProgress);
      } catch (error) {
        await this.remove();
        throw error;
      }
    }
    this.lookLater(0);
    onProgress({ step: "Waiting until the standby is in step" });
    await this.inStep();
  }

  /** Nothing happens if there is none. */
  async remove(): Promise<void> {
    const { record, save, superuser } = this.owner;
    const { standby } = record;
    if (!standby) return;
    standby.removing = true;
    save();
    clearTimeout(this.timer);
    this.timer = undefined;
    await this.looking;
    await this.follower.cluster?.stop("immediate");
    await this.owner.whileServing(async () => {
      await setSynchronous(superuser, standbySlot, false);
      await dropStandbySlot(superuser);
    });
    if (existsSync(standby.dataDir)) await killServer(standby.dataDir);
    rmSync(standby.dataDir, { recursive: true, force: true });
    delete record.standby;
    save();
    this.follower.forget();
  }

  /** @param answers whether the primary does, where that is known @throws FailoverRefusedError, and what its steps throw */
  async failOver(
    { by, reason, automatic }: FailoverWish,
    kind: DatabaseFailover["kind"] = "failover",
    answers?: boolean,
  ): Promise<DatabaseFailover> {
    if (this.failing) return this.failing;
    const { record, superuser, place } = this.owner;
    const { standby } = record;
    if (!standby || this.follower.isCopying || this.follower.refusal || standby.removing) {
      throw new FailoverRefusedError(
        standby
          ? "The standby is not ready to take over"
          : "The database has no standby that could take over",
        { hint: this.follower.refusal?.message ?? "Make one: evenkeel db standby add APP" },
      );
    }
    const planned = answers ?? (await primaryAnswers(superuser, answerLimitMs));
    if (automatic && planned) {
      throw new FailoverRefusedError("The database answers: there is nothing to fail over from", {
        hint: "What fails is not the database. To change the primary nevertheless: evenkeel db failover APP",
      });
    }
    if (automatic && standby.awaySinceMs !== undefined) {
      throw new FailoverRefusedError(
        `The standby is not in step since ${new Date(standby.awaySinceMs).toISOString()}: taking over would lose what came since`,
        {
          hint: "Decide it yourself: evenkeel db failover APP, or restore: evenkeel db restore APP --to latest",
        },
      );
    }
    const { app, environment, id: database, epoch = 1 } = record;
    const begun: DatabaseFailover = {
      ...{ id: randomId(10), app, environment, database, epoch: epoch + 1, kind },
      ...{ trigger: automatic ? "automatic" : "manual", by, reason, state: "running", step: "fence" },
      ...{ startedMs: Date.now(), planned, from: place.dataDir, to: standby.dataDir },
      ...(standby.sync && standby.awaySinceMs === undefined ? { commitsWaited: true } : {}),
    };
    // A primary that hangs may hold what is done in turn; one that answers is not taken away under anybody.
    return planned ? this.owner.inTurn(() => this.run(begun)) : this.run(begun);
  }

  /** Makes the former primary a standby; with `switchBack` the primary again, and the present one its standby. */
  async failBack(
    { by, reason, switchBack }: { by: string; reason: string; switchBack: boolean },
    onProgress: OnProgress,
  ): Promise<void> {
    const { record } = this.owner;
    const { former } = record;
    if (!record.standby && !former) {
      throw new FailoverRefusedError("There is no former primary to go back to", {
        hint: "A standby of the present one: evenkeel db standby add APP",
      });
    }
    const sync = record.standby?.sync ?? former!.sync;
    if (!record.standby) await this.add({ sync }, onProgress);
    if (!switchBack) return;
    onProgress({ step: "Switching back" });
    await this.failOver({ by, reason }, "failback");
    await this.add({ sync }, onProgress);
  }

  /** In the former primary's place, if there is one. */
  private placeOf(path: string | undefined): string {
    const { record, place } = this.owner;
    const { app, environment, id } = record;
    if (path !== undefined) return join(path, `${app}-${environment}-${id}`, "data");
    return record.former?.dataDir ?? join(place.folder, "standby", "data");
  }

  private async changeSync(standby: StandbyRecord, sync: boolean): Promise<void> {
    if (standby.sync === sync) return;
    // In force when it is seen to be in step.
    if (sync) standby.awaySinceMs = Date.now();
    standby.sync = sync;
    this.owner.save();
    if (!sync) await this.owner.whileServing(() => setSynchronous(this.owner.superuser, standbySlot, false));
  }

  /** @throws StandbyBehindError */
  private async inStep(): Promise<void> {
    for (const deadline = Date.now() + inStepLimitMs; ; await Bun.sleep(50)) {
      const { standby } = this.owner.record;
      if (standby && standby.awaySinceMs === undefined) return;
      const { refusal, trouble } = this.follower;
      if (refusal) throw new StandbyForeignError(refusal.message, { hint: refusal.hint });
      if (Date.now() < deadline && standby && !this.ended) continue;
      throw new StandbyBehindError("The standby did not come into step in time", {
        hint: `It goes on by itself; see: evenkeel db standby list. ${trouble?.message ?? ""}`,
      });
    }
  }

  private lookLater(inMs = this.lookEveryMs): void {
    clearTimeout(this.timer);
    if (this.ended) return;
    this.timer = setTimeout(() => {
      const startedMs = performance.now();
      this.looking = this.look()
        .catch((error) => {
          this.follower.trouble = errorJson(error);
        })
        .finally(() => {
          const { standby } = this.owner.record;
          // From begin to begin: a primary that hangs is not given more time by that.
          if (standby && !standby.removing)
            this.lookLater(Math.max(100, this.lookEveryMs - (performance.now() - startedMs)));
        });
    }, inMs);
  }

  private async look(): Promise<void> {
    if (this.follower.isCopying || this.failing || !this.owner.record.standby) return;
    const answers = await primaryAnswers(this.owner.superuser, answerLimitMs);
    if (this.failing) return;
    if (!answers) return this.missPrimary();
    this.missedChecks = 0;
    if (this.owner.isExpected()) await this.follower.look();
  }

  /** As the runbook says: so many checks in a row, then the standby. What somebody has stopped is no failure. */
  private async missPrimary(): Promise<void> {
    this.follower.streaming = undefined;
    const { failoverChecks } = this.owner.terms();
    if (!this.owner.isExpected() || failoverChecks === 0 || this.ended) return;
    this.missedChecks++;
    this.owner.note(`primary_missed_${this.missedChecks}`);
    if (this.missedChecks < failoverChecks || !this.takesOver) return;
    const reason = `The primary did not answer ${this.missedChecks} checks in a row`;
    await this.failOver({ by: "platform", reason, automatic: true }, "failover", false);
  }

  private run(begun: DatabaseFailover): Promise<DatabaseFailover> {
    this.failing ??= this.runOnce(begun).finally(() => {
      this.failing = undefined;
    });
    return this.failing;
  }

  private async runOnce(begun: DatabaseFailover): Promise<DatabaseFailover> {
    const { record, place, primary, log, note } = this.owner;
    note(`failover_${begun.step}`);
    log.write(begun);
    const { port } = record.standby ?? { port: record.port };
    const standby = this.follower.cluster ?? this.follower.newCluster(begun.to, port);
    const done = await failOver(
      {
        ...{ primary, standby, log, spoolDir: place.spoolDir, zeroLoss: this.owner.terms().zeroLoss },
        switchOver: (failover) => this.switchOver(failover),
        resumePrimary: async () => void (await primary.start()),
        onStep: (step) => this.owner.onFailoverStep?.(step),
      },
      begun,
    );
    note("failover_done");
    this.follower.forget();
    this.missedChecks = 0;
    return done;
  }

  private switchOver({ from, to, epoch }: DatabaseFailover): void {
    const { record, place, primary, save } = this.owner;
    if (record.dataDir !== to || record.epoch !== epoch) {
      record.former = { dataDir: from, sync: record.standby?.sync ?? false };
      record.dataDir = to;
      record.epoch = epoch;
      delete record.standby;
      save();
    }
    place.dataDir = to;
    place.restoredDir = join(dirname(to), "restored");
    primary.moveTo(to);
  }
}
