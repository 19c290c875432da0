/**
 * The keeper of apps' databases and of the platform's own protection. The supervisor sets `EVENKEEL_HOME` and `EVENKEEL_RUN`. Says
 * `{"ready":true}` once its socket answers; the databases start behind. Ends on SIGTERM and leaves their servers running: the next keeper adopts
 * them.
 */
import { mkdirSync } from "node:fs";
import { layoutFromEnvironment } from "@evenkeel/model";
import { DatabaseKeeper } from "./keeper/database-keeper.ts";
import { DatabaseMeasures } from "./keeper/measure/database-measures.ts";
import { serveDatabases } from "./keeper/serve-databases.ts";
import { PlatformKeeper } from "./platform/platform-keeper.ts";

/** So that the answer which asks for it still goes out. */
const restartDelayMs = 100;

const layout = layoutFromEnvironment(process.env);
mkdirSync(layout.run, { recursive: true });
const stop = () => {
  measures.stop();
  server.stop();
  void Promise.all([keeper.release(), platform.release()]).finally(() => process.exit(0));
};
const keeper = new DatabaseKeeper(layout);
// The supervisor starts a successor.
const platform = new PlatformKeeper(layout, () => setTimeout(stop, restartDelayMs));
const server = serveDatabases(keeper, platform, layout.databasesSocket);
keeper.open();
platform.open();
const measures = new DatabaseMeasures(layout.signalsSocket, {
  databases: () => keeper.measured(),
  platform: () => platform.measure(),
});
process.once("SIGTERM", stop);
process.once("SIGINT", stop);
console.log(JSON.stringify({ ready: true, pid: process.pid }));
