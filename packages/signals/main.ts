/**
 * The process of signals. The supervisor sets `EVENKEEL_HOME` and `EVENKEEL_RUN`. Says `{"ready":true}` once it answers; ends on SIGTERM, when
 * everything is written.
 */
import { mkdirSync } from "node:fs";
import { layoutFromEnvironment } from "@evenkeel/model/home/home-layout";
import { DiskWatch } from "./disk/disk-watch.ts";
import { SignalsServer } from "./server/signals-server.ts";
import { SignalStore } from "./store/signal-store.ts";

const foldEveryMs = 60_000;
const sweepEveryMs = 600_000;

const layout = layoutFromEnvironment(process.env);
mkdirSync(layout.run, { recursive: true });
const store = new SignalStore({ folder: layout.signals });
const disk = new DiskWatch(store, layout.home);
const server = new SignalsServer(store, layout.signalsSocket);
const attempt = (what: string, work: () => void) => () => {
  try {
    work();
  } catch (error) {
    console.error(`signals: ${what} failed:`, error);
  }
};
const timers = [
  setInterval(
    attempt("rolling up", () => store.fold()),
    foldEveryMs,
  ),
  setInterval(
    attempt("sweeping", () => store.sweep()),
    sweepEveryMs,
  ),
];

const stop = () => {
  for (const timer of timers) clearInterval(timer);
  disk.stop();
  server.stop();
  store.close();
  process.exit(0);
};
process.once("SIGTERM", stop);
process.once("SIGINT", stop);
console.log(JSON.stringify({ ready: true, pid: process.pid }));
