import type { ContinuityRow } from "@evenkeel/control";
import { formatDuration, parseAppName } from "@evenkeel/model";
import type { Command } from "commander";
import { formatAge, formatTable } from "../../output/table.ts";
import { withControl } from "../../platform/control.ts";

/** What is promised for disasters, and when that was last shown. */
export function registerContinuity(program: Command): void {
  program
    .command("continuity")
    .summary("recovery objectives of an app, what drills measured last, and what is overdue")
    .argument("<app>", "name of the app")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExits with 1 when something is overdue.\n\nExample:\n  evenkeel continuity shop")
    .action(continuity);
}

async function continuity(name: string, { json }: { json?: boolean }): Promise<void> {
  const { report } = await withControl((client) => client.getContinuity({ app: parseAppName(name) }));
  if (report.overdue.length > 0) process.exitCode = 1;
  if (json) return void console.log(JSON.stringify(report));
  if (report.scenarios.length > 0) {
    const heading = [
      "disaster",
      "every",
      "may lose",
      "lost",
      "back within",
      "back in",
      "trend",
      "last drill",
    ];
    console.log(formatTable(heading, report.scenarios.map(describe)));
  } else console.log(`No disaster is named for ${report.app}, and none was rehearsed.`);
  if (report.overdue.length > 0) console.log(`\n${report.overdue.map((line) => `! ${line}`).join("\n")}`);
}

const describe = ({ scenario, everyDays, objectives, last, trend }: ContinuityRow): string[] => [
  scenario,
  everyDays === undefined ? "when asked" : `${everyDays} days`,
  duration(objectives.rpoMs),
  duration(last?.rpoMs),
  duration(objectives.rtoMs),
  duration(last?.rtoMs),
  trend,
  last ? `${last.state}, ${formatAge(last.startedMs)}` : "never",
];

const duration = (ms: number | undefined): string => (ms === undefined ? "–" : formatDuration(ms));
