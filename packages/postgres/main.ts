/**
 * The keeper of apps' databases. The supervisor sets `EVENKEEL_HOME` and `EVENKEEL_RUN`. Says `{"ready":true}` once its socket
 * answers; the databases start behind. Ends on SIGTERM and leaves their servers running: the next keeper adopts them.
 */
import { mkdirSync } from "node:fs";
import { layoutFromEnvironment } from "@evenkeel/model";
import { DatabaseKeeper } from "./keeper/database-keeper.ts";
import { serveDatabases } from "./keeper/serve-databases.ts";

const layout = layoutFromEnvironment(process.env);
mkdirSync(layout.run, { recursive: true });
const keeper = new DatabaseKeeper(layout);
const server = serveDatabases(keeper, layout.databasesSocket);
keeper.open();
const stop = () => {
  server.stop();
  void keeper.release().finally(() => process.exit(0));
};
process.once("SIGTERM", stop);
process.once("SIGINT", stop);
console.log(JSON.stringify({ ready: true, pid: process.pid }));
