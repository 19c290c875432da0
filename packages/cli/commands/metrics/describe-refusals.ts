import type { ControlClient } from "@evenkeel/control";
import type { AppName, EnvironmentName } from "@evenkeel/model";
import { formatAge } from "../../output/table.ts";

const limitOf = { metrics: "points of metrics", logs: "log records", traces: "spans" } as const;

/** What of the app's own telemetry was not taken, and why: a line for each kind; empty where all was, or nobody knows. */
export async function describeRefusals({
  client,
  app,
  environment,
}: {
  client: ControlClient;
  app: AppName;
  environment: EnvironmentName;
}): Promise<string> {
  // Development has no deployments that could send any.
  if (environment === "development") return "";
  const { kinds, sinceMs, series } = await client.getIntake({ app, environment });
  return (["metrics", "logs", "traces"] as const)
    .filter((kind) => kinds[kind].lastReason !== undefined)
    .map((kind) => {
      const { rejected, lastReason } = kinds[kind];
      const have = kind === "metrics" ? ` It has ${series} series now.` : "";
      // The reason may hold an app's own words.
      const reason = lastReason!.replace(/[\x00-\x1f\x7f-\x9f]/g, "\ufffd");
      return `${rejected} ${limitOf[kind]} that the app sent were refused (counted since ${formatAge(sinceMs)}); the last reason: ${reason}.${have}`;
    })
    .join("\n");
}
