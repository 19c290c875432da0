import type { ControlClient } from "@evenkeel/control";
import type { AppName, EnvironmentName } from "@evenkeel/model";
import { formatAge, formatTable } from "../../output/table.ts";
import { describeRefusals } from "./describe-refusals.ts";

export async function listKnown(
  client: ControlClient,
  app: AppName,
  environment: EnvironmentName,
  json: boolean,
): Promise<void> {
  const { signals } = await client.listSignals({ app, environment });
  if (json) return console.log(JSON.stringify(signals));
  if (signals.length === 0) {
    return console.log(`Nothing was measured of ${app} in ${environment} yet; its first request will be.`);
  }
  const rows = signals.map(({ signal, unit, series, lastMs, about }) => [
    ...[signal, unit || "–", String(series), formatAge(lastMs), about ?? "the app's own"],
  ]);
  const refusals = await describeRefusals({ client, app, environment });
  console.log(formatTable(["signal", "unit", "series", "last", "what it is"], rows));
  if (refusals !== "") console.log(`\n${refusals}`);
}
