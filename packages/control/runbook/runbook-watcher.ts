import type { AppEnvironment, SignalFilter, SignalSecond } from "@evenkeel/model";
import type { Finding, RunbookPlan } from "@evenkeel/runbook";
import type { SignalsClient } from "@evenkeel/signals/client/signals-client";
import { lockEnvironment } from "../apps/lock-environment.ts";
import { hasDatabase } from "../databases/database-store.ts";
import type { DatabasesLink } from "../databases/databases-link.ts";
import { DatabaseUnavailableError } from "../errors.ts";
import { endScalings } from "../scaling/scale.ts";
import { allScalings } from "../scaling/scaling-store.ts";
import { type CarryOutParts, carryOut } from "./carry-out.ts";
import { databaseTerms } from "./database-terms.ts";
import { type DecisionRow, insertDecision, openDecisions } from "./decision-store.ts";
import { pastSignals } from "./past-signals.ts";
import {
  deploymentRunbook,
  type ReleasedEnvironment,
  readEngineState,
  releasedIn,
  watchedEnvironments,
  writeEngineState,
} from "./runbook-store.ts";
import { WatchedEnvironment } from "./watched-environment.ts";

export interface WatcherParts extends CarryOutParts {
  databases: Pick<DatabasesLink, "ask">;
  signals: Pick<SignalsClient, "query"> & {
    subscribe(filter: SignalFilter, onSecond: (second: SignalSecond) => void): () => void;
  };
}

const lookEveryMs = 1_000;
/** Without a second for so long, time passes by the clock, and everything becomes unknown. */
const silenceMs = 4_000;
/** Releases are told; this finds what was missed. */
const refreshEveryMs = 10_000;
const retryMs = 500;

/**
 * Has the runbook in force of every environment evaluated each second, and carries out what is decided.
 *
 * A decision is committed with its evidence and with what the engine knows from then on, before anything is done. So after a crash at
 * any moment it is carried out, once: `runbook_decisions_once` lets one rollback of a release be decided, and `carryOut` does it only
 * while that deployment answers.
 */
export class RunbookWatcher {
  private readonly watched = new Map<string, WatchedEnvironment>();
  private readonly acting = new Map<number, Promise<void>>();
  private readonly writing = new Set<string>();
  private unsubscribe: (() => void) | undefined;
  private timer: ReturnType<typeof setInterval> | undefined;
  private refreshing: Promise<void> | undefined;
  private refreshAgain = false;
  private refreshedAtMs = 0;
  private heardAtMs = performance.now();
  private resumed = false;
  private stopped = false;

  constructor(private readonly parts: WatcherParts) {}

  set enterDegraded(enter: NonNullable<WatcherParts["enterDegraded"]>) {
    this.parts.enterDegraded = enter;
  }

  /** Takes up what was decided and is not done, and begins to watch. */
  start(): void {
    this.unsubscribe = this.parts.signals.subscribe({}, (second) => this.hear(second));
    this.timer = setInterval(() => this.look(), lookEveryMs);
    void this.refresh();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.unsubscribe?.();
    clearInterval(this.timer);
    await this.refreshing;
    await Promise.all(this.acting.values());
  }

  /** Something may have been released. */
  nudge(): void {
    if (this.timer !== undefined) void this.refresh();
  }

  /** What the newest evaluation said; undefined where nothing is watched. */
  findingsOf(of: AppEnvironment): { findings: ReadonlyMap<string, Finding>; atMs?: number } | undefined {
    const watched = this.watched.get(keyOf(of));
    if (!watched) return undefined;
    const { findings, evaluatedAtMs } = watched;
    return { findings, ...(evaluatedAtMs === undefined ? {} : { atMs: evaluatedAtMs }) };
  }

  /** What the newest evaluations said, of all environments. */
  *findings(): Generator<{ released: ReleasedEnvironment; finding: Finding; says: string }> {
    for (const { released, clauses, findings } of this.watched.values())
      for (const { id, says, watch } of clauses) {
        const finding = watch && findings.get(id);
        if (finding) yield { released, finding, says };
      }
  }

  private hear(second: SignalSecond): void {
    this.heardAtMs = performance.now();
    for (const [key, watched] of this.watched)
      if (watched.feed(second)) void this.evaluate(key, watched, Math.floor(second.atMs / 1_000));
  }

  private look(): void {
    const nowMs = performance.now();
    if (nowMs - this.refreshedAtMs > refreshEveryMs) void this.refresh();
    if (nowMs - this.heardAtMs < silenceMs) return;
    const nowS = Math.floor(Date.now() / 1_000);
    for (const [key, watched] of this.watched) void this.evaluate(key, watched, nowS);
  }

  private async evaluate(key: string, watched: WatchedEnvironment, nowS: number): Promise<void> {
    // Its decisions are being written: what comes of them has to be known first.
    if (this.writing.has(key) || this.stopped) return;
    const { decisions, state } = watched.evaluateAt(nowS);
    if (decisions.length === 0) {
      watched.state = state;
      return;
    }
    this.writing.add(key);
    try {
      const rows = await this.write(watched, decisions, state);
      watched.state = state;
      for (const row of rows) if (row.state === "decided") this.carryOut(row);
    } catch (error) {
      // Decided again with the next second: the state is as it was.
      if (!(error instanceof DatabaseUnavailableError))
        console.error(`control: runbook of ${key}: ${error instanceof Error ? error.stack : error}`);
    } finally {
      this.writing.delete(key);
    }
  }

  private write(
    watched: WatchedEnvironment,
    decisions: ReturnType<WatchedEnvironment["evaluateAt"]>["decisions"],
    state: WatchedEnvironment["state"],
  ): Promise<DecisionRow[]> {
    const { released } = watched;
    return this.parts.database.transaction(async (connection) => {
      await lockEnvironment(connection, released.app, released.environment);
      const now = await releasedIn(connection, released.app, released.environment);
      // Somebody has released something else: nothing of what was seen is about that.
      if (now?.deployment !== released.deployment || now.release !== released.release) {
        this.nudge();
        return [];
      }
      await writeEngineState(connection, released, state);
      const rows: DecisionRow[] = [];
      for (const decision of decisions) {
        const evidence = watched.evidenceOf(decision);
        const row = await insertDecision(connection, released, released.release, decision, evidence);
        if (row) rows.push(row);
      }
      return rows;
    });
  }

  private carryOut(row: DecisionRow): void {
    if (this.acting.has(row.id)) return;
    const done = (async () => {
      while (!this.stopped && !(await carryOut(this.parts, row))) await Bun.sleep(retryMs);
      this.nudge();
    })().finally(() => this.acting.delete(row.id));
    this.acting.set(row.id, done);
  }

  /** Watches what is released now, and nothing else. One at a time; asked meanwhile, it looks once more. */
  private refresh(): Promise<void> {
    this.refreshAgain = true;
    this.refreshing ??= (async () => {
      while (this.refreshAgain && !this.stopped) {
        this.refreshAgain = false;
        this.refreshedAtMs = performance.now();
        await this.refreshOnce().catch((error) => {
          if (!(error instanceof DatabaseUnavailableError))
            console.error(`control: runbooks: ${error instanceof Error ? error.stack : error}`);
        });
      }
    })().finally(() => {
      this.refreshing = undefined;
    });
    return this.refreshing;
  }

  private async refreshOnce(): Promise<void> {
    if (!this.resumed) {
      for (const row of await openDecisions(this.parts.database)) this.carryOut(row);
      this.resumed = true;
    }
    const released = await watchedEnvironments(this.parts.database);
    await this.endStrayScalings(released);
    const keys = new Set(released.map(keyOf));
    for (const key of this.watched.keys()) if (!keys.has(key)) this.watched.delete(key);
    for (const each of released) {
      const known = this.watched.get(keyOf(each));
      if (known?.released.deployment === each.deployment && known.released.release === each.release) continue;
      await this.watch(each, known).catch((error) =>
        console.error(
          `control: the runbook of ${each.app} in ${each.environment} is not watched: ${error instanceof Error ? error.message : error}`,
        ),
      );
    }
  }

  /** What a clause has made larger goes back with the clause: nobody would look when it is over. */
  private async endStrayScalings(released: readonly ReleasedEnvironment[]): Promise<void> {
    const { database, serving } = this.parts;
    const byEnvironment = Map.groupBy(await allScalings(database), keyOf);
    for (const [key, scalings] of byEnvironment) {
      const now = released.find((each) => keyOf(each) === key);
      const runbook = now && (await deploymentRunbook(database, now.deployment));
      const known = new Set(runbook?.clauses.flatMap(({ id, watch }) => (watch?.scale ? [id] : [])));
      const stray = scalings.filter(({ clause }) => !known.has(clause));
      if (stray.length > 0)
        await endScalings(
          serving,
          stray[0]!,
          stray.map(({ clause }) => clause),
        );
    }
  }

  private async watch(released: ReleasedEnvironment, known: WatchedEnvironment | undefined): Promise<void> {
    const runbook = await deploymentRunbook(this.parts.database, released.deployment);
    if (!runbook) return;
    const state = known?.state ?? (await readEngineState(this.parts.database, released));
    const watched = new WatchedEnvironment(released, runbook, state);
    this.watched.set(keyOf(released), watched);
    if (known?.released.release !== released.release) void this.setTerms(released, runbook.plan);
    // Others need not wait for it; a window without its past begins now, and its clauses are unknown at first.
    void pastSignals(this.parts.signals, released, watched.history, { toMs: Date.now() })
      .catch(() => [])
      .then((past) => watched.begin(past));
  }

  /** A database of its own is promised what the runbook in force says; again after each start, since a crash may have come between. */
  private async setTerms({ app, environment }: ReleasedEnvironment, plan: RunbookPlan): Promise<void> {
    const terms = databaseTerms(plan);
    const { verifyEveryDays: days } = plan.database;
    const { databases, database } = this.parts;
    try {
      if ((terms || days !== undefined) && (await hasDatabase(database, { app, environment }))) {
        if (terms) await databases.ask({ type: "setTerms", app, environment, terms });
        if (days !== undefined) await databases.ask({ type: "verifyEvery", days, app, environment });
      }
    } catch (error) {
      console.error(
        `control: the terms of the database of ${app} in ${environment}: ${error instanceof Error ? error.message : error}`,
      );
    }
  }
}

const keyOf = ({ app, environment }: AppEnvironment): string => `${app}/${environment}`;
