import type { AnalyticsReport, VitalsRow } from "@evenkeel/control";
import { parseAppName, parseDurationMs } from "@evenkeel/model";
import type { Command } from "commander";
import { UsageError } from "../../errors.ts";
import { formatTable } from "../../output/table.ts";
import { withControl } from "../../platform/control.ts";
import { deployableEnvironments, readEnvironment } from "../../platform/environment-option.ts";

interface WindowOptions {
  env: string;
  since: string;
  json?: boolean;
}

const windowed = (program: Command, name: string, summary: string): Command =>
  program
    .command(name)
    .summary(summary)
    .argument("<app>", "name of the app")
    .option("--env <environment>", "production, staging or preview", "production")
    .option("--since <duration>", "how far back: 2h, 1d, 30d, ...", "7d")
    .option("--json", "print as JSON");

const wish = (app: string, { env, since }: WindowOptions) => ({
  app: parseAppName(app),
  environment: readEnvironment(env, deployableEnvironments, "environment with visitors"),
  fromMs: Date.now() - parseDurationMs(since),
});

export function registerAnalytics(program: Command): void {
  windowed(program, "analytics", "show who visited an app's pages")
    .description(
      "Shows what @vercel/analytics counted: page views, visitors (told apart within a day, without cookies), where they came from, and events.",
    )
    .addHelpText("after", "\nExample:\n  evenkeel analytics shop --since 30d")
    .action(async (app: string, options: WindowOptions) => {
      const report = await withControl((client) => client.getAnalytics(wish(app, options)));
      console.log(options.json ? JSON.stringify(report) : describe(app, report));
    });
  windowed(program, "vitals", "show how fast an app's pages are for their visitors")
    .description(
      "Shows what @vercel/speed-insights measured, by route: the value that three quarters of page loads stay below (p75).",
    )
    .option("--device <device>", "only desktop, mobile, tablet or other")
    .addHelpText("after", "\nExample:\n  evenkeel vitals shop --device mobile")
    .action(async (app: string, options: WindowOptions & { device?: string }) => {
      const device = readDevice(options.device);
      const { vitals } = await withControl((client) =>
        client.getVitals({ ...wish(app, options), ...(device && { device }) }),
      );
      if (options.json) return void console.log(JSON.stringify(vitals));
      if (vitals.length === 0) {
        return void console.log(
          `Nothing was measured. Pages measure with @vercel/speed-insights: https://vercel.com/docs/speed-insights/quickstart`,
        );
      }
      console.log(vitalsTable(vitals));
    });
}

const devices = ["desktop", "mobile", "tablet", "other"] as const;

function readDevice(text: string | undefined): (typeof devices)[number] | undefined {
  if (text === undefined) return undefined;
  const found = devices.find((device) => device === text);
  if (found) return found;
  throw new UsageError(`--device "${text}" is no device`, { hint: `Use one of: ${devices.join(", ")}.` });
}

function describe(app: string, report: AnalyticsReport): string {
  const { visitors, views, dropped } = report;
  if (views === 0 && report.events.length === 0) {
    return `${app} had no visitors. Pages count with @vercel/analytics: https://vercel.com/docs/analytics/quickstart`;
  }
  const tables = [
    ["page", report.pages],
    ["came from", report.referrers],
    ["device", report.devices],
    ["browser", report.browsers],
    ["system", report.systems],
    ["event", report.events],
  ] as const;
  const parts = tables
    .filter(([, rows]) => rows.length > 0)
    .map(([heading, rows]) =>
      formatTable(
        [heading, "visitors", heading === "event" ? "times" : "views"],
        rows.map((row) => [plain(row.value), String(row.visitors), String(row.count)]),
      ),
    );
  const limit = dropped === 0 ? "" : ` ${dropped} more were not counted: a day may have 500,000.`;
  return [`${visitors} visitors, ${views} views.${limit}`, ...parts].join("\n\n");
}

/** Pages of anybody may say it. */
const plain = (text: string): string => text.replace(/[\x00-\x1f\x7f-\x9f]/g, "\ufffd");

/** Good up to the first, poor from the second on: https://web.dev/articles/defining-core-web-vitals-thresholds */
const thresholds: Record<VitalsRow["name"], [good: number, poor: number]> = {
  LCP: [2_500, 4_000],
  INP: [200, 500],
  CLS: [0.1, 0.25],
  FCP: [1_800, 3_000],
  TTFB: [800, 1_800],
};
const names = Object.keys(thresholds) as VitalsRow["name"][];

function vitalsTable(vitals: VitalsRow[]): string {
  const routes = Map.groupBy(vitals, ({ route }) => route);
  const rows = [...routes].map(([route, values]) => [
    plain(route),
    ...names.map((name) => {
      const row = values.find((value) => value.name === name);
      return row ? `${format(row)} ${rate(row)}` : "";
    }),
    String(Math.max(...values.map(({ samples }) => samples))),
  ]);
  return formatTable(["route", ...names, "samples"], rows);
}

const format = ({ name, p75 }: VitalsRow): string =>
  name === "CLS" ? p75.toFixed(3) : `${Math.round(p75)} ms`;

function rate({ name, p75 }: VitalsRow): string {
  const [good, poor] = thresholds[name];
  return p75 <= good ? "good" : p75 <= poor ? "fair" : "poor";
}
