import type { AppName, DeploymentId } from "@evenkeel/model";
import type { StagedRelease } from "../api/contract/index.ts";
import { lockEnvironment } from "../apps/lock-environment.ts";
import { record } from "../audit/audit-log.ts";
import type { Connection } from "../database/connection.ts";
import type { Database } from "../database/database.ts";
import { isDuplicate } from "../database/database-faults.ts";
import { getDeployment, isUnderWay } from "../deployments/deployment-row.ts";
import {
  CanaryMovedError,
  CanaryUnderWayError,
  CanaryUnknownError,
  DatabaseUnavailableError,
  DeploymentEndedError,
  NothingReleasedError,
} from "../errors.ts";
import type { PublishOutcome } from "../serving/feed.ts";
import type { Serving } from "../serving/serving.ts";
import { compareReleases } from "./compare-releases.ts";
import { decideStep } from "./decide-step.ts";
import { ReleaseTallies, type WatchSignals } from "./release-tally.ts";
import { joinAliases, splitAliases } from "./split-alias.ts";
import {
  endStaged,
  getStaged,
  insertStaged,
  lockStaged,
  moveToStep,
  newestStaged,
  noteStep,
  type StagedNow,
  type StagedRow,
  type StagedWish,
  stagedUnderWay,
  stagedView,
} from "./staged-release-store.ts";

const lookEveryMs = 250;
const writeEveryMs = 2_000;
/** Of what nobody asked for. */
const platform = "platform";

export interface StagedParts {
  database: Database;
  serving: Serving;
  watchSignals: WatchSignals;
}

/** What a process keeps of one that is under way. */
interface Watched {
  row: StagedRow;
  /** Of the step; by a monotonic clock. */
  elapsedMs: number;
  lookedAtMs: number;
  writtenAtMs: number;
  tallies: ReleaseTallies;
  now: StagedNow;
  onEnd: PromiseWithResolvers<StagedRow | undefined>;
}

export interface Moved {
  row: StagedRow;
  edges: PublishOutcome;
}

/**
 * Brings a deployment to more and more of the visitors of an alias.
 *
 *   running ⇄ held → done (everything is its) | aborted (everything is its predecessor's again)
 *
 * Invariants:
 * - Each change of the share is one commit with its row, under the environment's lock: a crash finds both as they were or both as they are.
 * - Of an alias one is under way. Whatever else is released there ends it (`appendRelease`).
 * - Time is counted while the process lives and nobody holds it; what was seen of a step before a crash is unknown afterwards.
 */
export class StagedReleases {
  /** Releases what a promotion or a rollback brought to its end; a deploy's own pipeline does it itself. */
  release: (row: StagedRow, who: string) => Promise<unknown> = async () => {};
  /** Completes "it …": why a deployment is known to be unhealthy by checks from outside. */
  faultOf: (deployment: DeploymentId) => string | undefined = () => undefined;
  private readonly watched = new Map<number, Watched>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private stopped = false;
  private looking: Promise<void> = Promise.resolve();

  constructor(private readonly parts: StagedParts) {}

  /** Takes up what was under way; ends what a deployment left that was ended meanwhile. */
  async resume(): Promise<void> {
    for (const row of await stagedUnderWay(this.parts.database)) {
      if (row.kind === "deploy") {
        const { state } = await getDeployment(this.parts.database, row.deployment);
        if (!isUnderWay(state)) {
          await this.abort(row, { who: platform, reason: `The deployment was ${state}` });
          continue;
        }
      }
      this.watch(row);
    }
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.looking;
    for (const { tallies } of this.watched.values()) tallies.stop();
  }

  /**
   * @param within runs in the same transaction, knowing what answers now
   * @throws CanaryUnderWayError, NothingReleasedError, DeploymentEndedError
   */
  async begin(
    wish: Omit<StagedWish, "baseline">,
    within: (connection: Connection, baseline: DeploymentId) => Promise<void> = async () => {},
  ): Promise<StagedRow> {
    try {
      const { result } = await this.parts.serving.change(async (connection) => {
        await lockEnvironment(connection, wish.app, wish.environment);
        const { state } = await getDeployment(connection, wish.deployment);
        if (wish.kind === "deploy" ? !isUnderWay(state) : state !== "ready")
          throw new DeploymentEndedError(wish.deployment, state);
        const [alias] = await connection.query<{ deployment: DeploymentId | null }>(
          "SELECT deployment FROM aliases WHERE host = $1",
          [wish.host],
        );
        if (!alias?.deployment) throw new NothingReleasedError(wish.host);
        await within(connection, alias.deployment);
        const row = await insertStaged(connection, { ...wish, baseline: alias.deployment });
        await record(connection, {
          ...{ who: wish.who, action: "canary.begin", app: wish.app, object: wish.deployment },
          detail: { environment: wish.environment, kind: wish.kind, steps: wish.steps },
        });
        return { changes: await splitAliases(connection, row, wish.steps[0]!.share), result: row };
      });
      this.watch(result);
      return result;
    } catch (error) {
      if (isDuplicate(error, "staged_releases_at_once")) throw new CanaryUnderWayError(wish.host);
      throw error;
    }
  }

  /** @throws CanaryUnknownError unless one is under way */
  async underWay(app: AppName, environment: string): Promise<StagedRow> {
    const row = await newestStaged(this.parts.database, app, environment);
    if (!row || isOver(row)) throw new CanaryUnknownError(app, environment);
    return row;
  }

  view(row: StagedRow): StagedRelease {
    return stagedView(row, this.watched.get(row.id)?.now);
  }

  /**
   * Resolves when it has ended.
   *
   * @param onChange of its row, and of what is told about the step under way
   */
  async untilEnd(
    row: StagedRow,
    signal: AbortSignal,
    onChange: (release: StagedRelease) => void,
  ): Promise<StagedRow> {
    const { onEnd } = this.watch(row);
    let told = "";
    const tell = () => {
      const now = this.watched.get(row.id);
      if (!now) return;
      const key = `${now.row.step} ${now.row.state} ${now.now.waitsFor} ${now.now.comparison.verdict}`;
      if (key !== told) onChange(this.view(now.row));
      told = key;
    };
    const timer = setInterval(tell, lookEveryMs);
    tell();
    const aborted = Promise.withResolvers<never>();
    const leave = () => aborted.reject(signal.reason);
    signal.addEventListener("abort", leave, { once: true });
    try {
      signal.throwIfAborted();
      await Promise.race([onEnd.promise, aborted.promise]);
      const last = await getStaged(this.parts.database, row.id);
      if (!last) throw new CanaryUnknownError(row.app, row.environment);
      return last;
    } finally {
      clearInterval(timer);
      signal.removeEventListener("abort", leave);
      aborted.promise.catch(() => {});
    }
  }

  /**
   * To the next step; with `all` to the release.
   *
   * @throws CanaryUnknownError, CanaryMovedError, what `release` throws
   */
  async promote(
    { id, app, environment }: StagedRow,
    { who, all, seenStep }: { who: string; all: boolean; seenStep?: number | undefined },
  ): Promise<Moved> {
    let isLast = false;
    const { row, edges } = await this.move(id, { app, environment, seenStep }, async (connection, seen) => {
      const next = all ? undefined : seen.steps[seen.step];
      isLast = next === undefined;
      await this.writeStep(connection, seen);
      if (who !== platform) await this.record(connection, seen, who, "canary.promote", { all });
      if (next) {
        await moveToStep(connection, id, seen.step + 1);
        return splitAliases(connection, seen, next.share);
      }
      if (seen.kind === "deploy") await endStaged(connection, id, { state: "done", who });
      return [];
    });
    if (!isLast || row.kind === "deploy") return { row, edges };
    await this.release(row, who);
    const released = await getStaged(this.parts.database, id);
    this.note(released, id);
    return { row: released ?? row, edges };
  }

  /** @throws CanaryUnknownError, CanaryMovedError */
  abort(
    { id, app, environment }: StagedRow,
    { who, reason, seenStep }: { who: string; reason?: string | undefined; seenStep?: number | undefined },
  ): Promise<Moved> {
    return this.move(id, { app, environment, seenStep }, async (connection, row) => {
      await this.writeStep(connection, row);
      await endStaged(connection, id, { state: "aborted", who, reason });
      await this.record(connection, row, who, "canary.abort", { reason });
      return joinAliases(connection, row);
    });
  }

  /** Of a deployment that was condemned, or whose pipeline was ended; nothing where it has none. */
  async abortOf(deployment: DeploymentId, by: { who: string; reason: string }): Promise<void> {
    const rows = await stagedUnderWay(this.parts.database);
    for (const row of rows) if (row.deployment === deployment) await this.abort(row, by).catch(ignoreOver);
  }

  hold(row: StagedRow, by: { who: string; reason?: string | undefined }): Promise<Moved> {
    return this.setState(row, "held", by);
  }

  resumeHeld(row: StagedRow, by: { who: string }): Promise<Moved> {
    return this.setState(row, "running", by);
  }

  private setState(
    { id, app, environment }: StagedRow,
    state: "held" | "running",
    { who, reason }: { who: string; reason?: string | undefined },
  ): Promise<Moved> {
    return this.move(id, { app, environment }, async (connection, row) => {
      await connection.query("UPDATE staged_releases SET state = $2 WHERE id = $1", [id, state]);
      await this.record(connection, row, who, state === "held" ? "canary.hold" : "canary.resume", { reason });
      return [];
    });
  }

  /** One commit under the environment's lock. */
  private async move(
    id: number,
    seen: { app: AppName; environment: StagedRow["environment"]; seenStep?: number | undefined },
    work: (connection: Connection, row: StagedRow) => ReturnType<typeof splitAliases>,
  ): Promise<Moved> {
    const { app, environment, seenStep } = seen;
    const { result: row, published } = await this.parts.serving.change(async (connection) => {
      await lockEnvironment(connection, app, environment);
      const row = await lockStaged(connection, id);
      if (!row || isOver(row)) throw new CanaryUnknownError(app, environment);
      if (seenStep !== undefined && seenStep !== row.step) throw new CanaryMovedError(app, row.step);
      const changes = await work(connection, row);
      return { changes, result: (await getStaged(connection, id))! };
    });
    this.note(row);
    return { row, edges: await published };
  }

  private record(
    connection: Connection,
    { app, environment, deployment, step }: StagedRow,
    who: string,
    action: string,
    detail: Record<string, unknown>,
  ): Promise<void> {
    return record(connection, {
      who,
      action,
      app,
      object: deployment,
      detail: { environment, step, ...detail },
    });
  }

  private async writeStep(connection: Connection, row: StagedRow): Promise<void> {
    const watched = this.watched.get(row.id);
    if (watched && watched.row.step === row.step)
      await noteStep(connection, row, watched.now.elapsedMs, watched.now.comparison);
  }

  private watch(row: StagedRow): Watched {
    const known = this.watched.get(row.id);
    if (known) return known;
    const nowMs = performance.now();
    const measured = {
      row,
      elapsedMs: row.steps[row.step - 1]!.elapsedMs,
      tallies: new ReleaseTallies(this.parts.watchSignals, row),
    };
    const watched: Watched = {
      ...measured,
      ...{ lookedAtMs: nowMs, writtenAtMs: nowMs, now: look(measured).now, onEnd: Promise.withResolvers() },
    };
    this.watched.set(row.id, watched);
    // One that has ended meanwhile is found so at the first look.
    this.plan();
    return watched;
  }

  /** What somebody, here or in another transaction, made of it. */
  private note(row: StagedRow | undefined, id: number = row!.id): void {
    const watched = this.watched.get(id);
    if (!watched) return;
    const { tallies } = watched;
    if (!row || isOver(row)) {
      this.watched.delete(id);
      tallies.stop();
      watched.onEnd.resolve(row);
      return;
    }
    if (row.step !== watched.row.step) {
      watched.elapsedMs = 0;
      watched.lookedAtMs = performance.now();
      tallies.beginStep();
    }
    watched.row = row;
  }

  private plan(): void {
    if (this.timer !== undefined || this.stopped) return;
    this.timer = setTimeout(() => {
      this.looking = this.tendAll().finally(() => {
        this.timer = undefined;
        if (this.watched.size > 0) this.plan();
      });
    }, lookEveryMs);
  }

  private async tendAll(): Promise<void> {
    for (const watched of [...this.watched.values()]) {
      try {
        await this.tend(watched);
      } catch (error) {
        if (error instanceof CanaryUnknownError || error instanceof CanaryMovedError) continue;
        // It is tried again; meanwhile the visitors stay shared as they are.
        if (!(error instanceof DatabaseUnavailableError))
          console.error(
            `control: canary ${watched.row.id}: ${error instanceof Error ? error.message : error}`,
          );
      }
    }
  }

  private async tend(watched: Watched): Promise<void> {
    const { database } = this.parts;
    const { id } = watched.row;
    this.note(await getStaged(database, id), id);
    const { row } = watched;
    if (!this.watched.has(id)) return;
    const nowMs = performance.now();
    if (row.state === "running") watched.elapsedMs += nowMs - watched.lookedAtMs;
    watched.lookedAtMs = nowMs;
    const { decision, now } = look(watched);
    watched.now = now;
    const seenStep = row.step;
    const unhealthy = this.faultOf(row.deployment);
    if (unhealthy !== undefined)
      await this.abort(row, { who: platform, reason: `The canary ${unhealthy}`, seenStep });
    else if (decision.act === "abort")
      await this.abort(row, { who: platform, reason: decision.reason, seenStep });
    else if (decision.act === "advance") await this.advance(row, seenStep);
    else if (nowMs - watched.writtenAtMs >= writeEveryMs) {
      watched.writtenAtMs = nowMs;
      await noteStep(database.progress, row, watched.elapsedMs, now.comparison);
    }
  }

  /** A release that is refused at the end waits for a person, and says why. */
  private async advance(row: StagedRow, seenStep: number): Promise<void> {
    try {
      await this.promote(row, { who: platform, all: false, seenStep });
    } catch (error) {
      if (error instanceof DatabaseUnavailableError || error instanceof CanaryMovedError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      await this.hold(row, { who: platform, reason });
    }
  }
}

function look({ row, elapsedMs, tallies }: Pick<Watched, "row" | "elapsedMs" | "tallies">) {
  const judgement = compareReleases(tallies.current, tallies.canary, row.minimumRequests);
  const { fails: _, ...comparison } = judgement;
  const { durationMs } = row.steps[row.step - 1]!;
  const decision = decideStep({
    ...{ kind: row.kind, isHeld: row.state === "held", elapsedMs, durationMs, judgement },
  });
  const waitsFor = decision.act === "stay" ? decision.waitsFor : "time";
  const now: StagedNow = { elapsedMs, comparison, waitsFor };
  return { decision, now };
}

const isOver = ({ state }: StagedRow): boolean => state === "done" || state === "aborted";

function ignoreOver(error: unknown): void {
  if (!(error instanceof CanaryUnknownError)) throw error;
}
