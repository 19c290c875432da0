import { join } from "node:path";
import type { ProvisionedTool } from "@evenkeel/build";
import type { Bench } from "../bench.ts";
import { type Peer, startPeer } from "./peer.ts";

/** `next start` in a folder with `.next`, under the Node that our functions run on. */
export function startNext(bench: Bench, folder: string, node: ProvisionedTool, path: string): Promise<Peer> {
  return startPeer(bench, {
    name: "next start",
    path,
    cwd: folder,
    environment: () => ({ NODE_ENV: "production", NEXT_TELEMETRY_DISABLED: "1" }),
    command: (_folder, port) => [
      join(node.binFolder, "node"),
      join(folder, "node_modules/next/dist/bin/next"),
      "start",
      "--hostname",
      "127.0.0.1",
      "--port",
      String(port),
    ],
  });
}
