import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Bench } from "../bench.ts";
import { toolPath, toolVersion } from "../machine/tools.ts";
import { type Peer, startPeer } from "./peer.ts";

/**
 * nginx with one worker, serving files from memory's page cache: kept connections, sendfile, open files cached, no access log.
 *
 * @param files by name; served at `/<name>`
 */
export async function startNginx(
  bench: Bench,
  files: Record<string, Uint8Array | string>,
  type: string,
): Promise<Peer> {
  bench.versions["nginx"] = toolVersion("nginx");
  return startPeer(bench, {
    name: "nginx",
    path: `/${Object.keys(files)[0]}`,
    command(folder, port) {
      mkdirSync(join(folder, "files"));
      for (const [name, content] of Object.entries(files))
        writeFileSync(join(folder, "files", name), content);
      writeFileSync(join(folder, "nginx.conf"), configuration(folder, port, type));
      return [
        toolPath("nginx"),
        "-p",
        folder,
        "-c",
        join(folder, "nginx.conf"),
        "-e",
        join(folder, "error.log"),
      ];
    },
  });
}

const configuration = (folder: string, port: number, type: string): string => `
daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log warn;
events { worker_connections 4096; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  tcp_nodelay on;
  keepalive_timeout 75s;
  keepalive_requests 1000000000;
  open_file_cache max=1000 inactive=300s;
  open_file_cache_valid 300s;
  default_type "${type}";
  client_body_temp_path ${folder}/tmp/body;
  proxy_temp_path ${folder}/tmp/proxy;
  fastcgi_temp_path ${folder}/tmp/fastcgi;
  uwsgi_temp_path ${folder}/tmp/uwsgi;
  scgi_temp_path ${folder}/tmp/scgi;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    root ${folder}/files;
  }
}
`;
