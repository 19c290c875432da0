import { statfsSync } from "node:fs";
import type { AppEnvironment, AppName, HomeLayout, SignalFilter, SignalSecond } from "@evenkeel/model";
import type { Finding } from "@evenkeel/runbook";
import type { HealthCheck } from "../api/contract/index.ts";
import type { EdgeProbe } from "../edges/edge-probe.ts";
import { DatabaseUnavailableError } from "../errors.ts";
import type { ReleasedEnvironment } from "../runbook/runbook-store.ts";
import type { Incidents } from "./incidents.ts";
import { OutageWatch } from "./outage-watch.ts";
import type { TroubleReport, TroubleSource } from "./trouble.ts";

export interface FinderParts {
  layout: Pick<HomeLayout, "home">;
  incidents: Incidents;
  signals: { subscribe(filter: SignalFilter, onSecond: (second: SignalSecond) => void): () => void };
  edge: Pick<EdgeProbe, "ask">;
  domain: string;
  watcher: { findings(): Iterable<WatchedFinding> };
  health: { unwell(): (HealthCheck & AppEnvironment)[] };
  /** What the platform promises and does not keep now, in sentences. */
  platformAlerts(): Promise<string[]>;
}

export interface WatchedFinding {
  released: ReleasedEnvironment;
  finding: Finding;
  says: string;
}

const platformEveryMs = 20_000;
const fullDisk = 0.93;

/**
 * Finds troubles in what the platform knows, and tells incidents: outages in the counts of edges, clauses of runbooks, health checks, and the platform's
 * own promises. What it told and what is over are compared each time, so a report that was lost is made up for.
 */
export class TroubleFinder {
  private readonly outages = new OutageWatch();
  /** What was told and is not over. */
  private readonly told = new Map<string, TroubleReport>();
  private unsubscribe: (() => void) | undefined;
  private timer: ReturnType<typeof setInterval> | undefined;
  private telling = false;
  private lookingAtPlatform = false;
  /** Of the look before: the keeper may be starting, which is no trouble. */
  private doubtful: ReadonlySet<string> = new Set();

  constructor(private readonly parts: FinderParts) {}

  /** @param open troubles that a control plane before this one told and that held then */
  start(open: readonly TroubleReport[]): void {
    for (const report of open) {
      this.told.set(keyOf(report), report);
      if (report.source === "outage") this.outages.resume(`${report.app}/${report.environment}`);
    }
    this.unsubscribe = this.parts.signals.subscribe({}, (second) => void this.hear(second));
    this.timer = setInterval(() => void this.lookAtPlatform(), platformEveryMs);
  }

  stop(): void {
    this.unsubscribe?.();
    clearInterval(this.timer);
  }

  private async hear(second: SignalSecond): Promise<void> {
    const { out, recovered, silent } = this.outages.take(second);
    // Its answer is counted by the edge, and heard of in the next seconds.
    for (const { app, environment } of silent)
      void this.parts.edge.ask(hostOf(app, environment, this.parts.domain), 5_000).catch(() => {});
    for (const seen of out) {
      const { app, environment, failed, requests, beganAtMs } = seen;
      const report: TroubleReport = {
        ...{ app: app as AppName, environment: environment as AppEnvironment["environment"] },
        ...{ source: "outage", key: "outage", severity: "outage", component: "web", beganAtMs },
        title: failed === requests ? "All requests fail" : "Most requests fail",
        evidence: { requests, failed, sinceMs: beganAtMs },
      };
      await this.tell(report);
    }
    for (const of of recovered) await this.end(`${of.app}/${of.environment} outage`);
    if (this.telling) return;
    this.telling = true;
    try {
      await this.compare("clause", this.clauses());
      await this.compare("health_check", this.healthChecks());
    } finally {
      this.telling = false;
    }
  }

  private clauses(): Map<string, TroubleReport | "unknown"> {
    const found = new Map<string, TroubleReport | "unknown">();
    for (const { released, finding, says } of this.parts.watcher.findings()) {
      const { app, environment } = released;
      const key = finding.clause;
      if (finding.state === "unknown") found.set(`${app}/${environment} ${key}`, "unknown");
      if (finding.state !== "breached" && finding.state !== "error") continue;
      const report: TroubleReport = {
        ...{ app, environment, source: "clause", key, component: componentOf(key) },
        severity: finding.severity === "critical" ? "major" : "minor",
        title: finding.state === "error" ? `${key} cannot be evaluated` : says,
        evidence: {
          conditions: finding.conditions.map(({ says: condition, value, samples }) => ({
            ...{ says: condition, samples },
            ...(value !== undefined && { value }),
          })),
          ...(finding.message !== undefined && { message: finding.message }),
        },
        beganAtMs: finding.sinceS * 1_000,
      };
      found.set(keyOf(report), report);
    }
    return found;
  }

  private healthChecks(): Map<string, TroubleReport | "unknown"> {
    const found = new Map<string, TroubleReport | "unknown">();
    for (const check of this.parts.health.unwell()) {
      if (check.isCanary) continue;
      const { app, environment, name, path, fault, sinceMs, deployment, failures } = check;
      const key = `health.${name}`;
      if (check.state === "unknown") found.set(`${app}/${environment} ${key}`, "unknown");
      if (check.state !== "failing") continue;
      const report: TroubleReport = {
        ...{ app, environment, source: "health_check", key, severity: "major", component: "web" },
        title: `Health check ${name} fails: ${path} ${fault}`.slice(0, 200),
        ...{ evidence: { deployment, failures, fault }, beganAtMs: sinceMs },
      };
      found.set(keyOf(report), report);
    }
    return found;
  }

  private async lookAtPlatform(): Promise<void> {
    if (this.lookingAtPlatform) return;
    this.lookingAtPlatform = true;
    try {
      const alerts = [...(await this.parts.platformAlerts()), ...diskAlerts(this.parts.layout.home)];
      const found = new Map<string, TroubleReport>();
      for (const alert of alerts) {
        const report: TroubleReport = {
          ...{ source: "platform", severity: "major", component: platformComponent(alert) },
          // Figures in it change from look to look.
          key: alert
            .replace(/:.*$|[\d.,]+/g, "")
            .trim()
            .slice(0, 120),
          title: alert.slice(0, 200),
        };
        found.set(keyOf(report), report);
      }
      const seen = new Set(found.keys());
      for (const key of seen) if (!this.doubtful.has(key) && !this.told.has(key)) found.delete(key);
      this.doubtful = seen;
      await this.compare("platform", found);
    } catch (error) {
      console.error(`control: the platform's troubles: ${(error as Error).message}`);
    } finally {
      this.lookingAtPlatform = false;
    }
  }

  /** Tells all that is wrong, and what is over of what was told; what is not known stays as it was. */
  private async compare(
    source: TroubleSource,
    found: ReadonlyMap<string, TroubleReport | "unknown">,
  ): Promise<void> {
    for (const report of found.values()) if (report !== "unknown") await this.tell(report);
    // The platform tells of failing channels itself, as they fail.
    for (const [key, report] of this.told)
      if (report.source === source && report.component !== "notifications" && !found.has(key))
        await this.end(key);
  }

  private async tell(report: TroubleReport): Promise<void> {
    try {
      await this.parts.incidents.report(report);
      this.told.set(keyOf(report), report);
    } catch (error) {
      // Told again with the next second.
      if (!(error instanceof DatabaseUnavailableError))
        console.error(`control: a trouble of ${keyOf(report)}:`, error);
    }
  }

  private async end(key: string): Promise<void> {
    const report = this.told.get(key);
    if (!report) return;
    try {
      await this.parts.incidents.recovered(report);
      this.told.delete(key);
    } catch (error) {
      if (!(error instanceof DatabaseUnavailableError)) console.error(`control: the end of ${key}:`, error);
    }
  }
}

const keyOf = ({ app, environment, key }: Pick<TroubleReport, "app" | "environment" | "key">): string =>
  app === undefined ? `platform ${key}` : `${app}/${environment} ${key}`;

const hostOf = (app: string, environment: string, domain: string): string =>
  environment === "production" ? `${app}.${domain}` : `${app}-${environment}.${domain}`;

/** `scalingThresholds.databaseConnections` suffers elsewhere than a page does. */
function componentOf(clause: string): string {
  if (/database|archive|backup|connection/i.test(clause)) return "database";
  return /schedule|cron/i.test(clause) ? "schedules" : "web";
}

function platformComponent(alert: string): string {
  if (/disk/i.test(alert)) return "disk";
  return /verif/i.test(alert) ? "verification" : "archive";
}

function diskAlerts(folder: string): string[] {
  const { bavail, blocks } = statfsSync(folder);
  const used = 1 - bavail / Math.max(1, blocks);
  return used < fullDisk
    ? []
    : [`The disk of the data directory is nearly full: ${Math.round(used * 100)} % are used`];
}
