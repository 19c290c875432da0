import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { removeBuildFolder } from "@evenkeel/build";
import { type DeploymentId, type ErrorJson, EvenkeelError, errorJson } from "@evenkeel/model";
import { lockEnvironment } from "../apps/lock-environment.ts";
import { acceptDeployment, type DeploymentWish } from "../deployments/accept-deployment.ts";
import { getDeployment, isUnderWay, type StepRow, underWay } from "../deployments/deployment-row.ts";
import { stepView } from "../deployments/deployment-view.ts";
import { withdraw } from "../deployments/withdraw-deployment.ts";
import {
  AutoDeployPausedError,
  CanaryAbortedError,
  DatabaseUnavailableError,
  DeploymentEndedError,
} from "../errors.ts";
import type { BuildLog } from "../logs/build-log.ts";
import { undoChanges } from "../variables/restore-variables.ts";
import { needsBuildToMigrate } from "./needs-build-to-migrate.ts";
import {
  type Job,
  type PipelineParts,
  type PipelineStep,
  type StepResult,
  withheldIn,
} from "./pipeline-step.ts";
import type { ProgressHub } from "./progress-hub.ts";
import { alignSteps, cancelDeployment, endDeployment, endStep, startStep } from "./step-store.ts";
import { approveStep } from "./steps/approve.ts";
import { buildStep } from "./steps/build.ts";
import { canaryStep } from "./steps/canary.ts";
import { checkStep } from "./steps/check.ts";
import { confirmStep } from "./steps/confirm.ts";
import { gatesStep } from "./steps/gates.ts";
import { importStep } from "./steps/import.ts";
import { migrateStep } from "./steps/migrate.ts";
import { prepareStep } from "./steps/prepare.ts";
import { smokeStep } from "./steps/smoke.ts";
import { sourceStep } from "./steps/source.ts";
import { switchStep } from "./steps/switch.ts";
import { testsStep } from "./steps/tests.ts";

/** In the order of `stepNames`. */
const steps: PipelineStep[] = [
  sourceStep,
  buildStep,
  gatesStep,
  importStep,
  checkStep,
  approveStep,
  migrateStep,
  prepareStep,
  smokeStep,
  testsStep,
  canaryStep,
  switchStep,
  confirmStep,
];

/** Why a job was aborted although nothing failed. */
const stopped = Symbol("control stops");
const ended = Symbol("cancelled or superseded");

/**
 * Brings accepted deployments live.
 *
 *   queued → building (source, build, gates, import) → deploying (check, approve, migrate, prepare, smoke, tests, canary, switch, confirm) → ready
 *   any of these → failed | cancelled | superseded, until `switch` is committed
 *
 * Invariants:
 * - What is done is in `deployment_steps`; after a crash the first step that is not done is run again.
 * - Only `switch` moves an alias, in one commit under the environment's lock. Whatever fails before leaves the old deployment
 *   serving; nothing after it can fail the deployment.
 * - A deployment that was ended by somebody else (its state says so) does nothing more: each step's start and the switch look.
 */
export class Pipeline {
  private readonly running = new Map<DeploymentId, { abort: AbortController; done: Promise<void> }>();
  private readonly stopSignal = new AbortController();
  private recovery: Promise<void> | undefined;

  constructor(
    private readonly parts: PipelineParts,
    private readonly hub: ProgressHub,
  ) {}

  /**
   * Accepts a deployment and begins it; older ones that it supersedes are halted.
   *
   * @throws what `acceptDeployment` throws
   */
  async accept(wish: DeploymentWish): Promise<DeploymentId> {
    try {
      const { id, superseded } = await acceptDeployment(this.parts, wish);
      this.halt(superseded);
      this.start(id);
      return id;
    } catch (error) {
      // It may be accepted although the answer to the commit was lost: then it must not stay queued.
      if (error instanceof DatabaseUnavailableError) this.recover();
      throw error;
    }
  }

  /** Takes up what was under way when control ended. */
  async resume(): Promise<DeploymentId[]> {
    const rows = await this.parts.database.query<{ id: DeploymentId }>(
      `SELECT id FROM deployments WHERE state IN ${underWay} ORDER BY sequence`,
    );
    for (const { id } of rows) this.start(id);
    return rows.map((row) => row.id);
  }

  /** Takes up what nobody has begun, as soon as the database answers. */
  recover(): void {
    if (this.recovery) return;
    this.recovery = this.patiently(this.stopSignal.signal, () => this.resume())
      .then(
        () => {},
        () => {},
      )
      .finally(() => {
        this.recovery = undefined;
      });
  }

  /** Begins an accepted deployment, or goes on with it. */
  start(id: DeploymentId): void {
    if (this.stopSignal.signal.aborted || this.running.has(id)) return;
    const abort = new AbortController();
    const done = this.run(id, abort.signal)
      .catch((error) =>
        console.error(`control: deployment ${id}: ${error instanceof Error ? error.stack : error}`),
      )
      .finally(() => {
        this.running.delete(id);
        this.hub.emit(id, { type: "ended" });
      });
    this.running.set(id, { abort, done });
  }

  /** For deployments whose rows say that they have ended. */
  halt(ids: DeploymentId[]): void {
    for (const id of ids) {
      const running = this.running.get(id);
      if (running) running.abort.abort(ended);
      else this.hub.emit(id, { type: "ended" });
    }
  }

  /** Resolves when nothing of it runs any more. False: it was over, or live, already. */
  async cancel(id: DeploymentId): Promise<boolean> {
    if (!(await cancelDeployment(this.parts.database, id))) return false;
    const running = this.running.get(id);
    this.halt([id]);
    await running?.done;
    return true;
  }

  isRunning(id: DeploymentId): boolean {
    return this.running.has(id);
  }

  /** Halts all jobs where they are; the next start resumes them. */
  async stop(): Promise<void> {
    this.stopSignal.abort(stopped);
    for (const { abort } of this.running.values()) abort.abort(stopped);
    await Promise.all([...this.running.values()].map((running) => running.done));
    await this.recovery;
  }

  private async run(id: DeploymentId, signal: AbortSignal): Promise<void> {
    let log: BuildLog | undefined;
    try {
      const { deployment, rows } = await this.patiently(signal, async () => ({
        deployment: await getDeployment(this.parts.database, id),
        rows: await alignSteps(this.parts.database, id),
      }));
      if (!isUnderWay(deployment.state)) return;
      const { app, environment } = deployment;
      const opened = this.parts.logs.begin({ app, environment, deployment: id }, () =>
        this.hub.emit(id, { type: "log" }),
      );
      log = opened;
      if (rows.some((row) => row.startedAt !== null)) log.note("Going on after an interruption");
      const results = Object.fromEntries(rows.flatMap((row) => (row.result ? [[row.name, row.result]] : [])));
      await this.runSteps({ deployment, results, log: opened, signal }, rows);
    } catch (error) {
      if (error === stopped) return;
      if (error === ended || error instanceof DeploymentEndedError) await this.afterEnd(id, log);
      else throw error;
    } finally {
      await log?.close();
    }
  }

  private async runSteps(job: Job, rows: StepRow[]): Promise<void> {
    if (needsFreshSource(job, rows)) for (const row of rows.slice(0, 2)) row.state = "waiting";
    for (const step of steps) {
      const row = rows.find(({ name }) => name === step.name);
      // It was accepted before there was such a step.
      if (!row) continue;
      if (row.state === "done" || row.state === "skipped") continue;
      if (step.skips?.(job)) {
        await this.endStep(job, row, { state: "skipped" });
        continue;
      }
      try {
        const result = await this.runStep(job, step, row).catch(withhold);
        if (result === "unneeded") {
          await this.endStep(job, row, { state: "skipped" });
          continue;
        }
        if (result) job.results[step.name] = result;
        const withheld = result?.["withheld"] as ErrorJson | undefined;
        await this.endStep(job, row, {
          state: withheld === undefined ? "done" : withheld.code === "canary_aborted" ? "failed" : "skipped",
          ...(result && { result }),
          ...(withheld && { error: withheld }),
        });
        // Variables that were changed while this one was built come right after it.
        if (result?.["followUp"]) this.start(result["followUp"] as DeploymentId);
      } catch (error) {
        if (job.signal.aborted) throw job.signal.reason;
        if (error === ended || error instanceof DeploymentEndedError) throw error;
        await this.endStep(job, row, { state: "failed", error: told(error) });
        // The release stands, whatever was seen or not seen of it afterwards.
        if (step.name === "confirm") job.log.note(told(error).message);
        else return this.fail(job, error);
      }
    }
    const { database } = this.parts;
    await this.patiently(job.signal, () =>
      endDeployment(database.progress, job.deployment.id, { state: "ready" }),
    );
    this.publish(job);
    const withheld = withheldIn(job);
    job.log.note(withheld ? `Ready, and not released: ${withheld.message}` : "Ready");
  }

  private runStep(job: Job, step: PipelineStep, row: StepRow): Promise<StepResult> {
    const { database } = this.parts;
    return this.patiently(job.signal, async () => {
      if (!(await startStep(database.progress, job.deployment.id, row.position, step.state))) throw ended;
      Object.assign(row, { state: "running", startedAt: new Date(), endedAt: null, error: null });
      this.hub.emit(job.deployment.id, { type: "step", step: stepView(row) });
      this.publish(job);
      return step.run(job, this.parts);
    });
  }

  private async endStep(job: Job, row: StepRow, end: Parameters<typeof endStep>[3]): Promise<void> {
    const { database } = this.parts;
    await this.patiently(job.signal, () => endStep(database.progress, job.deployment.id, row.position, end));
    Object.assign(row, { state: end.state, endedAt: new Date(), error: end.error ?? null });
    this.hub.emit(job.deployment.id, { type: "step", step: stepView(row) });
    this.publish(job);
  }

  private publish({ deployment: { id, app, environment } }: Pick<Job, "deployment">): void {
    this.parts.database.publish({ kind: "deployment", app, environment, id });
  }

  private async fail(job: Job, error: unknown): Promise<void> {
    const { id } = job.deployment;
    const json = told(error);
    if (!(error instanceof EvenkeelError)) {
      console.error(`control: deployment ${id} failed: ${error instanceof Error ? error.stack : error}`);
    }
    job.log.note(`Failed: ${json.message}`);
    if (json.hint) job.log.note(json.hint);
    const undone = await this.patiently(job.signal, () =>
      this.parts.database.transaction(async (connection) => {
        const { app, environment, derivedFrom, createdBy } = job.deployment;
        await lockEnvironment(connection, app, environment);
        const ended = await endDeployment(connection, id, { state: "failed", error: json });
        return ended && derivedFrom !== null
          ? undoChanges(connection, this.parts.vault, job.deployment, createdBy)
          : [];
      }),
    );
    this.publish(job);
    if (undone.length > 0) job.log.note(`Set back to what they were: ${undone.join(", ")}`);
    await this.clear(id);
  }

  private async afterEnd(id: DeploymentId, log: BuildLog | undefined): Promise<void> {
    // Absent when the whole app was removed.
    const deployment = await getDeployment(this.parts.database, id).catch(() => undefined);
    if (deployment) {
      this.publish({ deployment });
      log?.note(
        deployment.state === "superseded"
          ? "Superseded by a newer deployment"
          : `The deployment was ${deployment.state}`,
      );
      // Its share of the visitors goes back before it is taken away.
      await this.patiently(this.stopSignal.signal, () =>
        this.parts.staged.abortOf(id, {
          who: "platform",
          reason: `The deployment was ${deployment.state}`,
        }),
      );
    }
    await this.clear(id);
  }

  /** What is left of a deployment that did not go live; the clean-up of the next start does the same if this fails. */
  private async clear(id: DeploymentId): Promise<void> {
    try {
      await removeBuildFolder(this.parts.layout, id);
      await this.patiently(this.stopSignal.signal, () => withdraw(this.parts, id));
      await this.parts.branches.settle();
    } catch (error) {
      if (error === stopped) return;
      console.error(`control: clearing ${id}: ${error instanceof Error ? error.message : error}`);
    }
  }

  /** While the database is away the job waits; what it was about to do is done again when the database is back. */
  private async patiently<Result>(signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
    for (let delayMs = 50; ; delayMs = Math.min(2_000, delayMs * 2)) {
      if (signal.aborted) throw signal.reason;
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof DatabaseUnavailableError)) throw error;
        await sleep(delayMs, undefined, { signal }).catch(() => {});
      }
    }
  }
}

/**
 * An interrupted build leaves a folder that no build may begin in; one that ended well is only to be imported, and to run the app's own
 * migration command in.
 */
function needsFreshSource(job: Job, rows: StepRow[]): boolean {
  const state = (name: string) => rows.find((row) => row.name === name)?.state;
  const migrates =
    (needsBuildToMigrate(job) && state("migrate") !== "done") ||
    (job.results.gates?.["later"] === true && state("tests") !== "done");
  if (state("import") === "skipped" || (state("import") === "done" && !migrates)) return false;
  const output = job.results.build?.["output"];
  return state("build") !== "done" || typeof output !== "string" || !existsSync(output);
}

/** Sound, and not to be released: the deployment ends ready, with the reason. */
function withhold(error: unknown): StepResult {
  if (error instanceof AutoDeployPausedError || error instanceof CanaryAbortedError)
    return { withheld: errorJson(error) };
  throw error;
}

/** The text of an error that nobody foresaw stays in our log: it may hold paths or values. */
function told(error: unknown): ErrorJson {
  if (error instanceof EvenkeelError) return errorJson(error);
  return { code: "internal", message: "The platform failed unexpectedly; its log has the details" };
}
