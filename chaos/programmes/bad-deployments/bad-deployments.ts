import type { ControlClient, RunbookDecision } from "@evenkeel/control";
import type { AppName } from "@evenkeel/model";
import { BenchPlatform } from "../../../bench/platform/bench-platform.ts";
import type { Figure } from "../../../bench/report/figure.ts";
import { formatCount } from "../../../bench/report/figure.ts";
import { percentile } from "../../../bench/statistics.ts";
import type { Chaos } from "../../chaos.ts";
import { ProgrammeFailedError } from "../../errors.ts";
import { deployFolder } from "../../platform/deploy-folder.ts";
import type { Programme, Trial } from "../../programme.ts";
import type { Visit } from "../../visitors/visit-log.ts";
import { Visitors } from "../../visitors/visitors.ts";
import {
  badKinds,
  badVersion,
  errorShare,
  errorWindowMs,
  goodVersion,
  noiseOverMs,
  type Version,
  writeVersion,
} from "./version.ts";

const perSecond = 100;
/** Longer than the slowest breach takes: half of the requests failing for 5 % of five minutes. */
const backWithinMs = { protected: 90_000, control: 45_000 };
/** An app is settled on a deployment once so many visitors in a row were answered by it. */
const settled = perSecond;

export const badDeployments: Programme = {
  name: "bad-deployments",
  title: "Bad and good deployments",
  conditions: `Each app has ${perSecond} visitors a second from a process outside the platform, which logs what each of them saw and who answered; that log alone says whether a bad
version went and a good one stayed. Versions are deployed one after the other, drawn by lot from the seed: bad ones crash at boot (throw, exit, or die half a second
after each start), fail 50 to 100 % after eight sound seconds, leak 10 to 25 MB/s, hang (never answer, or block their event loop), or bring a migration that fails;
good ones fail 1 % of their visitors and once stall for ten seconds. The runbook: error rate > 5 % over 5 minutes and memory > 200 MB over 5 seconds roll back at once,
as do three health checks in a row that take over 2 s, one each 5 s; p95 > 5 s over 10 minutes rolls back in stages. A bad version is back when the last ${settled} visitors were answered by the
version before, or when no visitor ever met it (its deploy was refused). The time of a rollback is from the first sample that completed the breach (the visitor with whom
errors were too many, the look at the memory, the beginning of the second in which a health check failed) to the end of the first answer of the version before. Without protection, bad versions are those that are only found out while they serve, the same clauses record and do
nothing, and good versions are held to 0.5 % and to 5 s over 2 seconds.`,
  control: {
    without: "actions and windows in the runbook",
    misses: ["chaos-bad-stayed", "chaos-good-went"],
  },
  setUp: (chaos) => BadDeployments.start(chaos),
};

/** One app with visitors. */
interface Lane {
  app: string;
  host: string;
  /** What answers it, as far as its last case has shown. */
  current: string;
}

/** One deployment, with what is to be looked for in the log. */
interface Case {
  lane: Lane;
  version: Version;
  deployment: string;
  /** What answered before. */
  before: string;
  /** It ended before it was released; with this code. */
  refused?: string;
  readyMs: number;
  endedMs: number;
}

class BadDeployments implements Trial {
  private readonly cases: Case[] = [];
  private readonly left: Version[];

  private constructor(
    private readonly chaos: Chaos,
    private readonly control: ControlClient,
    private readonly visitors: Visitors,
    private readonly lanes: Lane[],
  ) {
    this.left = chaos.random.shuffled(drawVersions(chaos));
  }

  static async start(chaos: Chaos): Promise<BadDeployments> {
    const platform = await BenchPlatform.start(chaos);
    const { control } = platform;
    const visitors = Visitors.start(chaos, await platform.node(), {
      ...{ port: platform.port, path: "/", perSecond, patienceMs: 12_000 },
    });
    const lanes: Lane[] = [];
    for (let index = 0; index < chaos.amount({ whole: 4, short: 5, control: 6 }); index++) {
      const app = `lane-${index}`;
      chaos.step(`Making ${app}`);
      await control.ensureApp({ app });
      for await (const event of control.createDatabase({ app, environment: "production" })) void event;
      const lane = { app, host: `${app}.localhost`, current: "" };
      const folder = chaos.makeFolder(app);
      writeVersion(folder, { kind: "good", says: "sound", module: "", handler: "" }, !chaos.isControl);
      const { id, state, error } = await deployFolder(chaos, control, app, folder);
      if (state !== "ready")
        throw new ProgrammeFailedError(`The first version is ${state}: ${error?.message}`);
      lanes.push({ ...lane, current: id });
      visitors.come(lane.host);
    }
    return new BadDeployments(chaos, control, visitors, lanes);
  }

  async strike(): Promise<void> {
    await Promise.all(this.lanes.map((lane) => this.strikeLane(lane)));
  }

  private async strikeLane(lane: Lane): Promise<void> {
    for (let version = this.left.pop(); version; version = this.left.pop()) {
      this.chaos.step(`${this.left.length} deployments are left; ${this.cases.length} are judged`);
      const folder = this.chaos.makeFolder(lane.app);
      writeVersion(folder, version, !this.chaos.isControl);
      const bornMs = Date.now();
      const deployment = await deployFolder(this.chaos, this.control, lane.app, folder);
      const { id, state, error } = deployment;
      const isReady = state === "ready" && deployment.withheld === undefined;
      const one: Case = {
        ...{ lane, version, deployment: id, before: lane.current, readyMs: Date.now(), endedMs: Date.now() },
        ...(isReady ? {} : { refused: error?.code ?? deployment.withheld?.code ?? state }),
      };
      if (!isReady) await Bun.sleep(1_000);
      else if (version.kind === "good") await Bun.sleep(bornMs + noiseOverMs - Date.now());
      else await this.untilBack(one);
      one.endedMs = Date.now();
      this.cases.push(one);
      lane.current = this.seenIn(one).findLast(({ by }) => by !== undefined)?.by ?? lane.current;
    }
  }

  private async untilBack(one: Case): Promise<void> {
    const limitMs = one.readyMs + (this.chaos.isControl ? backWithinMs.control : backWithinMs.protected);
    while (Date.now() < limitMs) {
      await Bun.sleep(250);
      one.endedMs = Date.now();
      if (isSettledOn(one.before, this.seenIn(one))) return;
    }
  }

  /** Who came and left while it was looked at, in the order in which they came: those whom a hanging version kept leave late. */
  private seenIn({ lane, readyMs, endedMs }: Case): Visit[] {
    return this.visitors
      .seen(lane.host)
      .filter(({ beginMs, endMs }) => beginMs >= readyMs && endMs <= endedMs)
      .sort((one, other) => one.beginMs - other.beginMs);
  }

  async judge(): Promise<Figure[]> {
    const decisions = await this.decisions();
    const bad = this.cases.filter(({ version }) => version.kind !== "good");
    const good = this.cases.filter(({ version }) => version.kind === "good");
    const stayed = bad.filter((one) => !this.isGone(one));
    const went = good.filter(
      (one) => one.refused !== undefined || !isSettledOn(one.deployment, this.seenIn(one)),
    );
    for (const one of [...stayed, ...went])
      this.chaos.note(this.describe(one, decisions.get(one.deployment)));
    const timed = bad.flatMap((one) => {
      const decision = decisions.get(one.deployment);
      return one.refused === undefined && decision && this.isGone(one)
        ? [{ ...this.times(one, decision), ...one }]
        : [];
    });
    const refused = bad.filter((one) => one.refused !== undefined);
    const byKind = badKinds.map((kind) => {
      const of = timed.filter(({ version }) => version.kind === kind).map(({ servedMs }) => servedMs);
      return of.length === 0 ? "" : `${kind} p50 ${seconds(percentile(of, 0.5))}`;
    });
    const delays = timed.map(({ delayMs }) => delayMs / 1_000);
    return [
      {
        ...{ id: "chaos-bad-stayed", what: "bad deployments that visitors went on to meet" },
        ...{
          goal: { kind: "limit", most: 0, unit: "cases" },
          value: stayed.length,
          samples: [stayed.length],
        },
        measured: `${stayed.length} of ${bad.length}; ${bad.length - stayed.length - refused.length} rolled back, ${refused.length} refused before any visitor`,
      },
      {
        ...{ id: "chaos-good-went", what: "good deployments with noise that were rolled back or refused" },
        ...{ goal: { kind: "limit", most: 0, unit: "cases" }, value: went.length, samples: [went.length] },
        measured: `${went.length} of ${good.length}; ${formatCount(this.lanes.reduce((sum, { host }) => sum + this.visitors.seen(host).length, 0))} visitors`,
      },
      ...(delays.length === 0
        ? []
        : [
            {
              ...{
                id: "chaos-rollback-delay",
                what: "from the first sample that completes a breach to the old version answering",
              },
              goal: { kind: "limit" as const, most: 2, unit: "s" as const, statistic: "most" },
              ...{ value: Math.max(...delays), samples: delays },
              measured: `${Math.max(...delays).toFixed(2)} s (p50 ${percentile(delays, 0.5).toFixed(2)} s of ${delays.length}); served before: ${byKind.filter(Boolean).join(", ")}`,
            },
          ]),
    ];
  }

  /** For whoever asks why a case went wrong: what was decided, and what its visitors saw. */
  private describe(one: Case, decision: RunbookDecision | undefined): string {
    const seen = Map.groupBy(this.seenIn(one), ({ by = "nobody", outcome }) => `${outcome} by ${by}`);
    const counts = [...seen].map(([what, visits]) => `${visits.length} × ${what}`);
    const decided = decision
      ? `${decision.clause} ${decision.state} after ${seconds(decision.signalsAtMs - one.readyMs)}`
      : "nothing decided";
    return `${one.lane.app}: ${one.deployment} after ${one.before}, ${one.version.kind} (${one.version.says}): ${one.refused ?? decided}; ${counts.join(", ")}`;
  }

  private isGone(one: Case): boolean {
    if (one.refused === undefined) return isSettledOn(one.before, this.seenIn(one));
    return !this.visitors.seen(one.lane.host).some(({ by }) => by === one.deployment);
  }

  private times(one: Case, decision: RunbookDecision): { delayMs: number; servedMs: number } {
    const seen = this.seenIn(one);
    const sampleMs = completedAtMs(decision, seen, one.readyMs);
    const back = seen.find(({ by, endMs }) => by === one.before && endMs > sampleMs)!;
    return { delayMs: back.endMs - sampleMs, servedMs: back.endMs - one.readyMs };
  }

  /** What was decided of each deployment; only for when. */
  private async decisions(): Promise<Map<string, RunbookDecision>> {
    const all = await Promise.all(
      this.lanes.map(({ app }) =>
        this.control.listRunbookDecisions({ app: app as AppName, environment: "production", limit: 500 }),
      ),
    );
    return new Map(
      all
        .flatMap(({ decisions }) => decisions)
        .filter(({ action, deployment }) => action.endsWith("_rollback") && deployment !== undefined)
        .map((decision) => [decision.deployment!, decision]),
    );
  }
}

/**
 * When the first sample came that completes the breach. Signals are told by the second: of failed visitors it is the one with whom there are
 * more than 5 % of five minutes of such traffic; levels of a second are looked at where it ends; of the rest its beginning is taken.
 */
function completedAtMs(
  { clause, signalsAtMs }: RunbookDecision,
  seen: readonly Visit[],
  readyMs: number,
): number {
  const endMs = signalsAtMs + 1_000;
  if (clause.endsWith("memory")) return endMs;
  if (!clause.endsWith("error_rate")) return signalsAtMs;
  const until = seen.filter((visit) => visit.endMs < endMs).sort((one, other) => one.endMs - other.endMs);
  const tolerated = errorShare * errorWindowMs * (until.length / (endMs - readyMs));
  const failed = until.filter(({ outcome }) => typeof outcome === "number" && outcome >= 500);
  return Math.max(signalsAtMs, failed[Math.floor(tolerated)]?.endMs ?? signalsAtMs);
}

function isSettledOn(deployment: string, visits: readonly Visit[]): boolean {
  const last = visits.slice(-settled);
  return last.length === settled && last.every(({ by }) => by === deployment);
}

/** As many of each bad kind as of the others, and as many good ones as bad ones. */
function drawVersions(chaos: Chaos): Version[] {
  const { random } = chaos;
  const kinds = chaos.isControl ? (["healthy, then 500s", "slow leak", "hang"] as const) : badKinds;
  const each = chaos.amount({ whole: 20, short: 1, control: 1 });
  const bad = kinds.flatMap((kind) => Array.from({ length: each }, () => badVersion(kind, random)));
  return [...bad, ...bad.map(() => goodVersion(random))];
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(0)} s`;
