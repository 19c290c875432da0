/**
 * Apps' buckets. The supervisor sets `EVENKEEL_HOME` and `EVENKEEL_RUN`. Says `{"ready":true}` once both sockets answer; ends on SIGTERM, when
 * requests in flight are finished or cut.
 */
import { mkdirSync } from "node:fs";
import { layoutFromEnvironment } from "@evenkeel/model";
import { startAdminServer } from "./server/admin-server.ts";
import { startBlobServer } from "./server/blob-server.ts";
import { Buckets } from "./store/buckets.ts";

const sweepEveryMs = 3_600_000;
/** How old the list of objects in a backup may be. */
const copyEveryMs = 60_000;
/** Uploads that are still coming then are cut; clients send them again. */
const stopGraceMs = 5_000;

const layout = layoutFromEnvironment(process.env);
mkdirSync(layout.run, { recursive: true });
const buckets = new Buckets(layout);
const server = await startBlobServer(buckets, { path: layout.blobsSocket });
const admin = startAdminServer(buckets, layout.blobsAdminSocket);
const attempt = (what: string, work: () => void) => () => {
  try {
    work();
  } catch (error) {
    console.error(`blobs: ${what} failed:`, error);
  }
};
const saveCopies = attempt("copying lists of objects", () => buckets.saveCopies());
const timers = [
  setInterval(
    attempt("sweeping", () => buckets.sweep()),
    sweepEveryMs,
  ),
  setInterval(saveCopies, copyEveryMs),
];

const stop = () => {
  for (const timer of timers) clearInterval(timer);
  void admin.stop();
  const end = () => {
    saveCopies();
    buckets.close();
    process.exit(0);
  };
  server.close(end);
  server.closeIdleConnections();
  setTimeout(end, stopGraceMs).unref();
};
process.once("SIGTERM", stop);
process.once("SIGINT", stop);
console.log(JSON.stringify({ ready: true, pid: process.pid }));
