import { existsSync } from "node:fs";
import { join } from "node:path";
import type { ProvisionedTool } from "@evenkeel/build";
import type { Bench } from "../bench.ts";
import { PeerFailedError } from "../errors.ts";
import { onCore } from "../machine/cores.ts";
import { startProcess } from "../machine/owned-process.ts";

const readyLimitMs = 30_000;

/** CommonJS source of the handler, for a function of our own. */
export const handlerPath: string = join(import.meta.dir, "handler/handler.cjs");

/** The handler in plain Node, on the server's core. Gives the path of its unix socket. */
export async function startNodeHandler(bench: Bench, node: ProvisionedTool): Promise<string> {
  bench.step("Starting the plain Node handler");
  const folder = bench.makeFolder("node");
  const socketPath = join(folder, "http.sock");
  const command = [join(node.binFolder, "node"), join(import.meta.dir, "handler/server.cjs"), socketPath];
  const server = startProcess(bench, "The Node handler", onCore(bench.cores.server, command), {
    logPath: join(folder, "log"),
    environment: { NODE_ENV: "production" },
  });
  for (const limitMs = Date.now() + readyLimitMs; !existsSync(socketPath); await Bun.sleep(10)) {
    server.requireRunning();
    if (Date.now() > limitMs) throw new PeerFailedError("The Node handler does not listen");
  }
  return socketPath;
}
