import { type AppName, type DeploymentId, randomId } from "@evenkeel/model";
import { retryDelayMs } from "@evenkeel/schedules";
import type { Database } from "../database/database.ts";
import { DatabaseUnavailableError, DeploymentUnknownError, VaultKeyMismatchError } from "../errors.ts";
import { type ClaimedRun, claimRuns } from "./claim-runs.ts";
import { type Clock, systemClock } from "./clock.ts";
import { type CallOutcome, recordCall, releaseRuns } from "./run-store.ts";
import type { CallTarget } from "./schedule-caller.ts";
import type { ScheduleMeasures } from "./schedule-measures.ts";
import { beat, buryScheduler, removeScheduler } from "./scheduler-store.ts";
import { readAgenda, returnToNow, writeDueTicks } from "./tick-store.ts";

export interface SchedulerParts {
  database: Database;
  caller: { call(run: ClaimedRun, target: CallTarget, signal: AbortSignal): Promise<CallOutcome> };
  targets: { of(deployment: DeploymentId): Promise<CallTarget> };
  /** After each round that went well; somebody else watches that they go on. */
  onRound?: () => void;
  measures?: Pick<ScheduleMeasures, "called" | "ended">;
  clock?: Clock;
}

/** Without anything due, the next look. A sleep is never longer: the clock may be set. */
const longestSleepMs = 5_000;
const leftAloneMs = 500;
const beatEveryMs = 2_000;
/** A scheduler whose count stood still so long is gone. */
const goneAfterMs = 10_000;
/** Calls at once, of all apps and, within a batch, of one: what hangs holds up nobody else. */
const mostCalls = 1_000;
const mostCallsOfApp = 100;
const batch = 250;
const mostTicks = 1_000;
/** The wall clock is taken for set back when it falls behind the steady one by more than this. */
const setBackMs = 1_000;

/**
 * Calls what is due. Any number of schedulers may work on one database.
 *
 * Each round: the rows of all times that have come are written (`writeDueTicks`), runs whose turn it is are taken (`claimRuns`), and called. A
 * row outlives whoever took it: what a scheduler that is gone had under way waits again, and is called again with the same execution id.
 * So a run is called at least once, and its row is there once.
 */
export class Scheduler {
  private readonly id = randomId(16);
  private readonly clock: Clock;
  private readonly calls = new Map<string, { app: AppName; done: Promise<void> }>();
  private readonly abort = new AbortController();
  private readonly others = new Map<string, { beats: number; sinceMs: number }>();
  private loop: Promise<void> | undefined;
  private wake: (() => void) | undefined;
  private woken = false;
  private lastBeatMs = Number.NEGATIVE_INFINITY;
  private lastLook: { wallMs: number; steadyMs: number } | undefined;
  private stopping = false;
  /** Calls wait for others to end. */
  private crowded = false;
  /** There may be runs of its own that it does not call. */
  private doubtful = false;

  constructor(private readonly parts: SchedulerParts) {
    this.clock = parts.clock ?? systemClock;
  }

  start(): void {
    this.loop ??= this.run();
  }

  /** Something may be due now. */
  nudge(): void {
    this.woken = true;
    this.wake?.();
  }

  /** Lets calls end for at most `graceMs`; what is still under way then is cut, and called again by the next scheduler. */
  async stop(graceMs: number): Promise<void> {
    this.stopping = true;
    this.nudge();
    await this.loop;
    const ended = Promise.all([...this.calls.values()].map(({ done }) => done));
    await Promise.race([ended, Bun.sleep(graceMs)]);
    this.abort.abort(new Error("the scheduler stops"));
    await ended;
    try {
      await releaseRuns(this.parts.database, this.id);
      await removeScheduler(this.parts.database, this.id);
    } catch (error) {
      // The next one sees that this one's count stands still.
      if (!(error instanceof DatabaseUnavailableError)) throw error;
    }
  }

  /**
   * One round. Idle, it is one statement.
   *
   * @returns milliseconds until the next one has something to do; 0 when there may be more at once
   * @throws DatabaseUnavailableError
   */
  async round(): Promise<number> {
    const { database, onRound } = this.parts;
    await this.followClock();
    await this.releaseDoubtful();
    const nowMs = this.clock.wallMs();
    const agenda = await readAgenda(database);
    if (agenda.nextTickMs <= nowMs || agenda.nextCallMs <= nowMs || agenda.running) await this.sayAlive();
    const written = agenda.nextTickMs <= nowMs ? await writeDueTicks(database, nowMs, mostTicks) : 0;
    const claims = written > 0 || agenda.nextCallMs <= nowMs;
    const claimed = claims ? await this.claimAll() : 0;
    onRound?.();
    if (written === mostTicks) return 0;
    const waits = [agenda.nextTickMs, agenda.nextCallMs].map((atMs) => atMs - this.clock.wallMs());
    // What is due and was left alone waits for a turn, or is another scheduler's for the moment.
    const leftAlone = waits.some((ms) => ms <= 0) ? leftAloneMs : longestSleepMs;
    const ownMs = agenda.running || claimed > 0 ? beatEveryMs : longestSleepMs;
    return Math.min(leftAlone, ownMs, ...waits.filter((ms) => ms > 0));
  }

  /** Resolves when no call is under way. */
  async settled(): Promise<void> {
    while (this.calls.size > 0) await Promise.all([...this.calls.values()].map(({ done }) => done));
  }

  private async run(): Promise<void> {
    while (!this.stopping) {
      let sleepMs = 500;
      try {
        this.woken = false;
        sleepMs = await this.round();
        if (sleepMs === 0) continue;
      } catch (error) {
        if (!(error instanceof DatabaseUnavailableError)) {
          console.error(`control: scheduler: ${error instanceof Error ? error.stack : error}`);
        }
      }
      await this.sleep(sleepMs);
    }
  }

  private async sleep(ms: number): Promise<void> {
    if (this.woken || this.stopping) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    this.wake = resolve;
    await promise;
    clearTimeout(timer);
    this.wake = undefined;
  }

  /** Counts on, and takes over what schedulers have left whose counts stand still, as seen by the steady clock. */
  private async sayAlive(): Promise<void> {
    const nowMs = this.clock.steadyMs();
    if (nowMs - this.lastBeatMs < beatEveryMs) return;
    const { database } = this.parts;
    const isFirst = this.lastBeatMs === Number.NEGATIVE_INFINITY;
    // Its row has to be durable before any run names it.
    const seen = await beat(isFirst ? database : database.progress, this.id);
    this.lastBeatMs = nowMs;
    for (const other of seen) {
      const { id, beats } = other;
      const known = this.others.get(id);
      if (known?.beats !== beats) this.others.set(id, { beats, sinceMs: nowMs });
      else if (nowMs - known.sinceMs >= goneAfterMs) {
        await database.transaction(async (connection) => {
          if (await buryScheduler(connection, other)) await releaseRuns(connection, id);
        });
        this.others.delete(id);
      }
    }
  }

  private async followClock(): Promise<void> {
    const look = { wallMs: this.clock.wallMs(), steadyMs: this.clock.steadyMs() };
    const last = this.lastLook;
    const setBack =
      last === undefined || last.wallMs - look.wallMs + (look.steadyMs - last.steadyMs) > setBackMs;
    // At its start it cannot know what the clock did before.
    if (setBack) await this.parts.database.transaction((connection) => returnToNow(connection, look.wallMs));
    this.lastLook = look;
  }

  /** Takes whatever may be called now, and only then begins: calls would hold up what is still to be taken. */
  private async claimAll(): Promise<number> {
    const claimed: ClaimedRun[] = [];
    try {
      for (let more = true; more; ) {
        const part = await this.claim(claimed);
        claimed.push(...part);
        more = part.length === batch;
      }
    } catch (error) {
      // The answer to a commit may be lost: then runs are this scheduler's, and it does not know them.
      this.doubtful = true;
      if (claimed.length === 0) throw error;
    }
    for (const run of claimed) this.begin(run);
    return claimed.length;
  }

  private claim(claimed: readonly ClaimedRun[]): Promise<ClaimedRun[]> | ClaimedRun[] {
    const free = Math.min(batch, mostCalls - this.calls.size - claimed.length);
    this.crowded = free < batch;
    if (free <= 0) return [];
    const byApp = new Map<AppName, number>();
    for (const { app } of [...this.calls.values(), ...claimed]) byApp.set(app, (byApp.get(app) ?? 0) + 1);
    const full = [...byApp].filter(([, calls]) => calls >= mostCallsOfApp).map(([app]) => app);
    this.crowded ||= full.length > 0;
    return claimRuns(this.parts.database, this.id, this.clock.wallMs(), free, full);
  }

  private async releaseDoubtful(): Promise<void> {
    if (!this.doubtful) return;
    await releaseRuns(this.parts.database, this.id, [...this.calls.keys()]);
    this.doubtful = false;
  }

  private begin(run: ClaimedRun): void {
    const done = this.carryOut(run)
      .catch((error) => {
        if (this.abort.signal.aborted) return true;
        console.error(`control: schedule run ${run.id}: ${error instanceof Error ? error.stack : error}`);
        return true;
      })
      .then((somebodyWaits) => {
        this.calls.delete(run.id);
        if (somebodyWaits || this.crowded) this.nudge();
      });
    this.calls.set(run.id, { app: run.app, done });
  }

  /** Whether another run of the job waits for this one's end. */
  private async carryOut(run: ClaimedRun): Promise<boolean> {
    const outcome = await this.call(run);
    if (outcome === undefined) return false;
    const nowMs = this.clock.wallMs();
    const failures = run.failures + 1;
    const retryAtMs =
      outcome.reason !== undefined && failures <= run.retries ? nowMs + retryDelayMs(failures) : undefined;
    this.parts.measures?.ended(run, outcome, retryAtMs !== undefined);
    return this.patiently(() =>
      recordCall(this.parts.database, { id: run.id, by: this.id }, outcome, nowMs, retryAtMs),
    );
  }

  /** Undefined: the scheduler stops, and the run is the next one's. */
  private async call(run: ClaimedRun): Promise<CallOutcome | undefined> {
    try {
      const target = await this.patiently(() => this.parts.targets.of(run.deployment));
      this.parts.measures?.called(run, this.clock.wallMs());
      return await this.parts.caller.call(run, target, this.abort.signal);
    } catch (error) {
      if (this.abort.signal.aborted) return undefined;
      if (error instanceof DeploymentUnknownError) return { reason: "not_released", durationMs: 0 };
      if (error instanceof VaultKeyMismatchError) return { reason: "secret_unreadable", durationMs: 0 };
      throw error;
    }
  }

  /** What a call came to is kept while the database is away. */
  private async patiently<Result>(work: () => Promise<Result>): Promise<Result> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof DatabaseUnavailableError)) throw error;
        this.abort.signal.throwIfAborted();
        await Bun.sleep(250);
      }
    }
  }
}
