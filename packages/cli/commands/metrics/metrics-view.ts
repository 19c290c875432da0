import type { ControlClient } from "@evenkeel/control";
import type { AppName, EnvironmentName } from "@evenkeel/model";
import type { Mark } from "../../output/chart/time-axis.ts";

/** What `metrics` was asked for. */
export interface MetricsView {
  client: ControlClient;
  app: AppName;
  environment: EnvironmentName;
  deployment: string | undefined;
  by: "deployment" | "detail" | undefined;
  /** As it was given. */
  since: string;
  sinceMs: number;
  untilMs: number;
  json: boolean;
}

const secondMs = 1_000;
const steps = [1, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600, 43_200, 86_400];

/** The narrowest usual step with which the time has at most so many columns. */
export function stepFor({ sinceMs, untilMs }: MetricsView, columns: number): number {
  const leastS = (untilMs - sinceMs) / columns / secondMs;
  return (steps.find((step) => step >= leastS) ?? Math.ceil(leastS / 86_400) * 86_400) * secondMs;
}

/** Characters of the terminal's line; 80 where it is none. */
export const terminalWidth = (): number => Math.max(40, process.stdout.columns ?? 80);

/** Releases of the time, for marking what a change did. Only production and staging have a ledger with one alias. */
export async function releaseMarks({ client, app, environment, sinceMs }: MetricsView): Promise<Mark[]> {
  if (environment === "preview" || environment === "development") return [];
  const { releases } = await client.listReleases({ app, limit: 100 });
  return releases
    .filter((release) => release.environment === environment && release.createdAtMs >= sinceMs)
    .map(({ createdAtMs, version }) => ({ atMs: createdAtMs, text: `v${version}` }));
}

/** What to do where there is nothing to see. */
export function nothingMeasured(
  { app, environment, deployment, since }: MetricsView,
  what = "Nothing",
): string {
  const of = deployment ? `${app} (deployment ${deployment})` : app;
  return `${what} was measured of ${of} in ${environment} in the last ${since}.
  → Look further back: evenkeel metrics ${app} --since 7d
  → See whether it is released and asked for: evenkeel inspect ${app}`;
}
