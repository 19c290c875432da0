/**
 * The host's process, started by the supervisor with `EVENKEEL_HOME` (and `EVENKEEL_RUN`) set. Says `{"ready":true,...}` on standard output
 * when it listens. SIGTERM or SIGINT: drains and ends every instance, then exits with 0.
 */
import { mkdirSync } from "node:fs";
import { layoutFromEnvironment } from "@evenkeel/model";
import { EdgeConnections } from "./agent/edge-connections.ts";
import { Host } from "./agent/host.ts";
import { hostOptions } from "./agent/host-options.ts";
import { hostPaths } from "./agent/host-paths.ts";
import { HostServer } from "./agent/host-server.ts";
import { chooseCellMaker } from "./isolation/choose-cell-maker.ts";
import { chooseServiceCells } from "./isolation/services/choose-service-cells.ts";
import { ensureLauncherBundle } from "./launcher/bundle.ts";

/** Requests in flight at instances of a host that was killed have so long to end. */
const leftoverLingerMs = 20_000;

const layout = layoutFromEnvironment(process.env);
const options = hostOptions(process.env);
const paths = hostPaths(layout);
mkdirSync(layout.run, { recursive: true });
mkdirSync(layout.instanceSockets, { recursive: true, mode: 0o700 });

const maker = chooseCellMaker(layout, await ensureLauncherBundle(paths.launchers), options.isolate);
const leftovers = maker.clear(leftoverLingerMs);

const edges = new EdgeConnections();
const host = new Host(layout, options, maker, edges, chooseServiceCells(layout, options.isolate));
// Before edges hear what runs.
await host.services.open();
new HostServer(host, edges).listen(layout.hostSocket);

let stopping = false;
async function stop(): Promise<void> {
  if (stopping) return;
  stopping = true;
  await host.stop();
  // The socket file is left to the next host: to unlink it here could take that one's.
  process.exit(0);
}
process.on("SIGTERM", stop);
process.on("SIGINT", stop);
process.on("unhandledRejection", (error) => console.error("Not handled by the host", error));

console.log(JSON.stringify({ ready: true, pid: process.pid, isolation: maker.kind }));
await leftovers.catch((error) => console.error("What an earlier host left was not removed", error));
