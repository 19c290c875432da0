import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Bench } from "../bench.ts";
import { toolPath, toolVersion } from "../machine/tools.ts";
import { type Peer, startPeer } from "./peer.ts";

/** Caddy before a server on a unix socket: one thread of Go code, as many kept upstream connections as clients have, no access log. */
export async function startCaddy(bench: Bench, socketPath: string): Promise<Peer> {
  bench.versions["Caddy"] = toolVersion("caddy");
  return startPeer(bench, {
    name: "Caddy",
    path: "/",
    environment: (folder) => ({
      GOMAXPROCS: "1",
      HOME: folder,
      XDG_DATA_HOME: folder,
      XDG_CONFIG_HOME: folder,
    }),
    command(folder, port) {
      const path = join(folder, "Caddyfile");
      writeFileSync(path, configuration(port, socketPath));
      return [toolPath("caddy"), "run", "--config", path, "--adapter", "caddyfile"];
    },
  });
}

const configuration = (port: number, socketPath: string): string => `{
  admin off
  auto_https off
  log {
    level ERROR
  }
}

:${port} {
  bind 127.0.0.1
  reverse_proxy unix/${socketPath} {
    transport http {
      compression off
      keepalive 60s
      keepalive_idle_conns 1024
      keepalive_idle_conns_per_host 1024
    }
  }
}
`;
