/**
 * The process of the twins of outside providers. The supervisor sets `EVENKEEL_HOME`, `EVENKEEL_RUN`, `EVENKEEL_PORT` and
 * `EVENKEEL_ADDRESS`. Says `{"ready":true}` once it answers; ends on SIGTERM.
 */
import { layoutFromEnvironment } from "@evenkeel/model";
import { providers } from "./providers.ts";
import { Sandbox } from "./server/sandbox.ts";

const address = process.env["EVENKEEL_ADDRESS"];
const sandbox = await Sandbox.start({
  layout: layoutFromEnvironment(process.env),
  edge: {
    // Edges that listen on every address listen on loopback too.
    host: !address || address === "0.0.0.0" || address === "::" ? "127.0.0.1" : address,
    port: Number(process.env["EVENKEEL_PORT"] ?? 7080),
  },
  providers,
});
const stop = () => void sandbox.stop().finally(() => process.exit(0));
process.once("SIGTERM", stop);
process.once("SIGINT", stop);
console.log(JSON.stringify({ ready: true, pid: process.pid }));
