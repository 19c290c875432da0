import { existsSync, lstatSync, readFileSync, readlinkSync, realpathSync, statSync } from "node:fs";
import type { RoomMount } from "./room-spec.ts";

/** Compilers, git, Python: whatever the machine offers to all its users. */
const systemFolders = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];

/** Certificates, name resolution, the loader's cache: what programs need of `/etc`; the rest may hold the machine's secrets. */
const systemFiles = [
  "/etc/ssl",
  "/etc/ca-certificates",
  "/etc/pki",
  "/etc/crypto-policies",
  "/etc/resolv.conf",
  "/etc/hosts",
  "/etc/host.conf",
  "/etc/nsswitch.conf",
  "/etc/gai.conf",
  "/etc/protocols",
  "/etc/services",
  "/etc/mime.types",
  "/etc/localtime",
  "/etc/alternatives",
  "/etc/fonts",
  "/etc/ld.so.cache",
  "/etc/ld.so.conf",
  "/etc/ld.so.conf.d",
  "/etc/ld-musl-x86_64.path",
  "/etc/os-release",
];

const devices = ["null", "zero", "full", "random", "urandom", "tty"];

export interface RoomFolders {
  /** Machine's path → room's path, writable for the build. */
  writable: { source: string; target: string }[];
  readOnly: { source: string; target: string }[];
}

/** All that stands in a room: the machine's system read-only, a private `/dev`, `/proc` and `/tmp`, and the given folders. */
export function planMounts(
  folders: RoomFolders,
  uid: number,
  home: string,
  hosts: Record<string, string> = {},
): RoomMount[] {
  const mounts: RoomMount[] = [];
  const ownHosts = Object.keys(hosts).length > 0;
  if (ownHosts) mounts.push({ kind: "file", target: "/etc/hosts", text: hostsFile(hosts) });
  for (const path of [...systemFolders, ...systemFiles]) {
    if (ownHosts && path === "/etc/hosts") continue;
    const mount = systemMount(path);
    if (mount) mounts.push(mount);
  }
  mounts.push(
    { kind: "file", target: "/etc/passwd", text: passwd(uid, home) },
    { kind: "file", target: "/etc/group", text: `root:x:0:\nbuild:x:${uid}:\nnogroup:x:65534:\n` },
    { kind: "proc" },
    { kind: "tmpfs", target: "/dev", sizeBytes: 65_536, mode: "0755" },
    ...devices.map((name): RoomMount => ({ kind: "device", name })),
    { kind: "tmpfs", target: "/dev/shm", sizeBytes: 64 * 1024 ** 2, mode: "1777" },
    { kind: "link", target: "/dev/fd", to: "/proc/self/fd" },
    { kind: "link", target: "/dev/stdin", to: "/proc/self/fd/0" },
    { kind: "link", target: "/dev/stdout", to: "/proc/self/fd/1" },
    { kind: "link", target: "/dev/stderr", to: "/proc/self/fd/2" },
    { kind: "link", target: "/var/tmp", to: "/tmp" },
  );
  for (const [list, writable] of [
    [folders.readOnly, false],
    [folders.writable, true],
  ] as const) {
    for (const { source, target } of list) {
      mounts.push({ kind: "bind", source: realpathSync(source), target, writable, isFolder: true });
    }
  }
  return mounts;
}

/** The machine's, with names of its own before it. */
function hostsFile(hosts: Record<string, string>): string {
  const own = Object.entries(hosts).map(([name, address]) => `${address} ${name}\n`);
  const known = existsSync("/etc/hosts") ? readFileSync("/etc/hosts", "utf8") : "127.0.0.1 localhost\n";
  return own.join("") + known;
}

function systemMount(path: string): RoomMount | undefined {
  const status = lstatSync(path, { throwIfNoEntry: false });
  if (status === undefined) return undefined;
  // Merged /usr: /bin is a link to usr/bin.
  if (status.isSymbolicLink() && systemFolders.includes(path)) {
    return { kind: "link", target: path, to: readlinkSync(path) };
  }
  const source = tryRealpath(path);
  if (source === undefined) return undefined;
  return { kind: "bind", source, target: path, writable: false, isFolder: statSync(source).isDirectory() };
}

function tryRealpath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

function passwd(uid: number, home: string): string {
  return `root:x:0:0:root:/root:/usr/sbin/nologin\nbuild:x:${uid}:${uid}:build:${home}:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n`;
}
