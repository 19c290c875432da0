/**
 * The supervisor's process, started by the guardian with `EVENKEEL_HOME` set. Exit codes: 0 stopped on purpose,
 * 64 another supervisor has this data directory, anything else is a fault and the guardian starts it again.
 */
import { layoutFromEnvironment } from "@evenkeel/model";
import { platformDatabase, restoreLostPlatformDatabase, stopDatabases } from "@evenkeel/postgres";
import { readConfig } from "../platform/home.ts";
import { isSupervised } from "../platform/supervisor-client.ts";
import { KeptDatabase } from "./kept-database.ts";
import { planProcesses } from "./process-plan.ts";
import { SchedulerWatch } from "./scheduler-watch.ts";
import { Supervisor } from "./supervisor.ts";

const layout = layoutFromEnvironment(process.env);
if (await isSupervised(layout)) {
  console.error(`Another supervisor keeps ${layout.home}`);
  process.exit(64);
}

const { dataDir, socketDir } = platformDatabase(layout);
const database = new KeptDatabase({
  ...{ dataDir, socketDir },
  prepare: () => restoreLostPlatformDatabase(layout),
});
const supervisor = new Supervisor(
  {
    database,
    ...planProcesses(layout, readConfig(layout)),
    scheduler: new SchedulerWatch(layout.schedulerBeat),
  },
  layout.supervisorSocket,
  () => stopDatabases(layout),
);
supervisor.start();
for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void supervisor.stop());
await supervisor.finished();
// Give the last answer its way out.
setTimeout(() => process.exit(0), 100);
