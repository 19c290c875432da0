import { layoutFromEnvironment } from "@evenkeel/model";
import { Edge } from "./edge.ts";

/** In-flight requests may take so long to end after SIGTERM; the supervisor waits longer before it kills. */
const stopGraceMs = 13_000;

const { env } = process;
const port = Number(env["EVENKEEL_PORT"] ?? 7_080);
const edge = new Edge({
  layout: layoutFromEnvironment(env),
  name: env["EVENKEEL_EDGE_NAME"] ?? "edge-0",
  domain: env["EVENKEEL_DOMAIN"] ?? "localhost",
  address: env["EVENKEEL_ADDRESS"] ?? "127.0.0.1",
  port,
  isMeasuring: env["EVENKEEL_MEASURING"] !== "off",
});

let stopping = false;
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.on(signal, () => {
    if (stopping) return;
    stopping = true;
    void edge.stop(stopGraceMs).then(() => process.exit(0));
  });
}

// A fault in one request must not take all the others with it; what it was stands in the log.
process.on("uncaughtException", (error) => console.error("edge: uncaught:", error));
process.on("unhandledRejection", (error) => console.error("edge: unhandled:", error));

console.log(JSON.stringify({ ready: true, port: edge.port, pid: process.pid }));
