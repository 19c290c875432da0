import type { AppEnvironment } from "@evenkeel/model";

/** Who found it. */
export type TroubleSource =
  | "clause"
  | "health_check"
  | "outage"
  | "database"
  | "schedule"
  | "drill"
  | "platform"
  | "person";

/**
 * How grave it is before anybody's classes are asked: `outage` becomes the gravest class of the app's runbook, `major` the one after it, `minor` the
 * mildest. The name of a class (`P1`) is that class.
 */
export type Gravity = "outage" | "major" | "minor" | (string & {});

/** Something is wrong. The same trouble may be told again and again. */
export interface TroubleReport extends Partial<AppEnvironment> {
  source: TroubleSource;
  /** Tells this trouble from others of the app environment; `recovered` names it again: `rollbackTriggers.error_rate`. */
  key: string;
  severity: Gravity;
  /** The part that suffers, as the status page names it: `web`, `database`. */
  component: string;
  title: string;
  /** Plain data that it rests on; no secrets. */
  evidence?: Record<string, unknown>;
  /** The release that is suspected; absent: one of the last hour. */
  release?: { deployment: string; release: number };
  /** When it began; default now. */
  beganAtMs?: number;
}

/** What troubles join while they are open: one outage, one incident. Those of the platform itself are told apart by their component, drills by their key. */
export function groupingOf({ app, environment, component, source, key }: TroubleOf): string {
  if (source === "drill") return `drill/${app ?? ""}/${environment ?? ""}/${key}`;
  return app === undefined ? `platform/${component}` : `${app}/${environment}`;
}

export type TroubleOf = Pick<TroubleReport, "app" | "environment" | "component" | "source" | "key">;
