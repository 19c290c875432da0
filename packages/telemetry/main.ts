/**
 * What apps tell of themselves: OpenTelemetry, visits, web vitals, spending; and the traces of requests. A process of its own, so that what hostile
 * apps send is decoded apart from the signals that decide about rollbacks. The supervisor sets `EVENKEEL_HOME` and `EVENKEEL_RUN`. Says
 * `{"ready":true}` once it answers; ends on SIGTERM.
 */
import { mkdirSync } from "node:fs";
import { layoutFromEnvironment } from "@evenkeel/model/home/home-layout";
import { SignalSender } from "@evenkeel/signals/client/signal-sender";
import { OwnSignals } from "./metrics/own-signals.ts";
import { SecretsLink } from "./secrets/secrets-link.ts";
import { startTelemetryServer } from "./server/telemetry-server.ts";
import { Telemetry } from "./telemetry.ts";

const signalsEveryMs = 1_000;
const sweepEveryMs = 600_000;

const layout = layoutFromEnvironment(process.env);
for (const folder of [layout.run, layout.telemetry]) mkdirSync(folder, { recursive: true, mode: 0o700 });
const own = new OwnSignals();
const signals = new SignalSender({
  socketPath: layout.signalsSocket,
  origin: "telemetry",
  name: "telemetry",
});
const secrets = new SecretsLink(layout.hostSocket);
const telemetry = new Telemetry({
  ...{ layout, signals: own },
  secretsOf: (deployment) => secrets.of(deployment),
});
const server = startTelemetryServer(telemetry, layout.telemetrySocket);
const tell = () => {
  const samples = own.take();
  if (samples.length > 0) signals.send(samples);
};
const sweep = async () => {
  try {
    await telemetry.sweep(Date.now());
  } catch (error) {
    console.error("telemetry: sweeping failed:", error);
  }
};
// Nothing ticks while nothing comes.
let telling: ReturnType<typeof setTimeout> | undefined;
own.onFirst = () => {
  telling = setTimeout(tell, signalsEveryMs);
};
const sweeping = setInterval(sweep, sweepEveryMs);

const stop = async () => {
  clearInterval(sweeping);
  clearTimeout(telling);
  await server.stop();
  secrets.stop();
  await telemetry.close();
  tell();
  signals.stop();
  process.exit(0);
};
process.once("SIGTERM", stop);
process.once("SIGINT", stop);
// A fault in one request must not take all others with it; what it was stands in the log.
process.on("unhandledRejection", (error) => console.error("telemetry: unhandled:", error));
console.log(JSON.stringify({ ready: true, pid: process.pid }));
