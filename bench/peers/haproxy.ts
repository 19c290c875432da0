import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Bench } from "../bench.ts";
import { toolPath, toolVersion } from "../machine/tools.ts";
import { type Peer, startPeer } from "./peer.ts";

/** HAProxy with one thread before a server on a unix socket: connections kept and shared on both sides, forwarded-for, no log. */
export async function startHaproxy(bench: Bench, socketPath: string): Promise<Peer> {
  bench.versions["HAProxy"] = toolVersion("haproxy");
  return startPeer(bench, {
    name: "HAProxy",
    path: "/",
    command(folder, port) {
      const path = join(folder, "haproxy.cfg");
      writeFileSync(path, configuration(port, socketPath));
      return [toolPath("haproxy"), "-db", "-q", "-f", path];
    },
  });
}

const configuration = (port: number, socketPath: string): string => `
global
  nbthread 1
  maxconn 4096

defaults
  mode http
  no log
  option forwardfor
  option http-keep-alive
  http-reuse always
  timeout connect 5s
  timeout client 60s
  timeout server 60s

frontend clients
  bind 127.0.0.1:${port} backlog 4096
  default_backend handler

backend handler
  server node unix@${socketPath} pool-purge-delay 60s
`;
