import { Command, CommanderError } from "commander";
import { registerApprovals } from "./commands/approvals/approvals.ts";
import { registerAudit } from "./commands/audit/audit.ts";
import { registerAutoDeploy } from "./commands/auto-deploy.ts";
import { registerBackup } from "./commands/backup/backup.ts";
import { registerBlobs } from "./commands/blobs/blobs.ts";
import { registerCanary } from "./commands/canary/canary.ts";
import { registerCondemn } from "./commands/condemn.ts";
import { registerDb } from "./commands/db/db.ts";
import { registerDemo } from "./commands/demo/demo.ts";
import { registerDeploy } from "./commands/deploy.ts";
import { registerDoctor } from "./commands/doctor.ts";
import { registerDown } from "./commands/down.ts";
import { registerContinuity } from "./commands/drills/continuity.ts";
import { registerDrill } from "./commands/drills/drill.ts";
import { registerEnv } from "./commands/env/env.ts";
import { registerFlags } from "./commands/flags/flags.ts";
import { registerGates } from "./commands/gates.ts";
import { registerHealth } from "./commands/health.ts";
import { registerIncidents } from "./commands/incidents/incidents.ts";
import { registerInspect } from "./commands/inspect.ts";
import { registerKey } from "./commands/key/key.ts";
import { registerList } from "./commands/list.ts";
import { registerLogin } from "./commands/login.ts";
import { registerDrains } from "./commands/logs/drains.ts";
import { registerLogSettings } from "./commands/logs/log-settings.ts";
import { registerLogs } from "./commands/logs/logs.ts";
import { registerMetrics } from "./commands/metrics/metrics.ts";
import { registerTop } from "./commands/metrics/top.ts";

import { registerMode } from "./commands/mode/mode.ts";
import { registerStatusPage } from "./commands/mode/status-page.ts";
import { registerNotify } from "./commands/notify/notify.ts";

import { registerOpenApi } from "./commands/openapi.ts";
import { registerPeople } from "./commands/people/people.ts";

import { registerPs } from "./commands/processes/ps.ts";
import { registerRun } from "./commands/processes/run.ts";
import { registerScale } from "./commands/processes/scale.ts";
import { registerPromote } from "./commands/promote.ts";
import { registerRebuild } from "./commands/rebuild.ts";
import { registerRemove } from "./commands/remove.ts";
import { registerRestart } from "./commands/restart.ts";
import { registerRollback } from "./commands/rollback.ts";
import { registerRunbook } from "./commands/runbook/runbook.ts";
import { registerSandbox } from "./commands/sandbox/sandbox.ts";
import { registerSchedules } from "./commands/schedules/schedules.ts";
import { registerStatus } from "./commands/status.ts";
import { registerAnalytics } from "./commands/telemetry/analytics.ts";
import { registerCost } from "./commands/telemetry/cost.ts";
import { registerTelemetryExport } from "./commands/telemetry/telemetry-export.ts";
import { registerTraces } from "./commands/telemetry/traces.ts";
import { registerToken } from "./commands/token.ts";
import { registerUp } from "./commands/up.ts";
import { UsageError } from "./errors.ts";
import { exitCodeOf, reportFailure } from "./output/failure.ts";

const program = new Command("evenkeel")
  .description("Runs apps written for Vercel on your own machine: deploy, serve, promote, roll back.")
  .version("0.1.0")
  .showHelpAfterError("(--help shows what a command takes)")
  .showSuggestionAfterError()
  .configureHelp({ sortSubcommands: false })
  .addHelpText(
    "after",
    `
Examples:
  evenkeel up --detach
  evenkeel deploy ./shop --prod
  evenkeel rollback shop

Exit codes: 0 done, 1 failed, 2 wrong words, 69 the platform is not running.
EVENKEEL_HOME names the data directory (default ~/.evenkeel; for root /var/lib/evenkeel).`,
  );

for (const register of [
  registerUp,
  registerDown,
  registerStatus,
  registerDoctor,
  registerRestart,
  registerDeploy,
  registerList,
  registerInspect,
  registerPromote,
  registerRollback,
  registerCanary,
  registerCondemn,
  registerAutoDeploy,
  registerGates,
  registerHealth,
  registerIncidents,
  registerNotify,
  registerMode,
  registerStatusPage,
  registerLogs,
  registerMetrics,
  registerTop,
  registerTraces,
  registerAnalytics,
  registerCost,
  registerLogSettings,
  registerDrains,
  registerTelemetryExport,
  registerEnv,
  registerPeople,
  registerLogin,
  registerToken,
  registerApprovals,
  registerAudit,
  registerOpenApi,
  registerKey,
  registerPs,
  registerScale,
  registerRun,
  registerDb,
  registerDrill,
  registerContinuity,
  registerBlobs,
  registerFlags,
  registerRunbook,
  registerSandbox,
  registerBackup,
  registerRebuild,
  registerSchedules,
  registerRemove,
  registerDemo,
]) {
  register(program);
}
// Behind `--` stand the words of `run`'s command.
const words = process.argv.indexOf("--");
const json = process.argv.slice(0, words === -1 ? undefined : words).includes("--json");
const withBelow = (command: Command): Command[] => [command, ...command.commands.flatMap(withBelow)];
for (const command of withBelow(program)) {
  command.exitOverride();
  // What is wrong with the words is told as JSON, too.
  if (json) command.configureOutput({ writeErr: () => {} });
}

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2;
    if (json && error.exitCode !== 0) reportFailure(usageError(error), true);
  } else {
    reportFailure(error, json);
    process.exitCode = exitCodeOf(error);
  }
}

function usageError({ message }: CommanderError): UsageError {
  const [what = "", suggestion] = message.replace(/^error: /, "").split("\n");
  const hint = suggestion?.replace(/^\((.*)\)$/, "$1") ?? "--help shows what a command takes.";
  return new UsageError(what, { hint });
}
