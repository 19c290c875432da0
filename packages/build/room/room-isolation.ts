import { accessSync, constants } from "node:fs";

let known: string[] | undefined;

/** What keeps builds on this machine from having a room of their own (user, file tree, processes); empty: nothing does. */
export function isolationMissing(): string[] {
  known ??= find();
  return known;
}

function find(): string[] {
  if (process.platform !== "linux") return ["isolation (it needs Linux)"];
  if (process.getuid?.() !== 0) return ["isolation (the platform does not run as root)"];
  const missing: string[] = [];
  const unshare = Bun.which("unshare", { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" });
  if (unshare === null) missing.push("isolation (util-linux' unshare is not installed)");
  else if (!canUnshare(unshare)) missing.push("isolation (this container may not make namespaces)");
  return missing;
}

/** A container may run as root and still be forbidden to mount. */
function canUnshare(unshare: string): boolean {
  try {
    accessSync("/proc/self/ns/pid", constants.R_OK);
  } catch {
    return false;
  }
  const args = [
    unshare,
    "--mount",
    "--pid",
    "--ipc",
    "--uts",
    "--fork",
    "--kill-child",
    "mount",
    "-t",
    "tmpfs",
    "tmpfs",
    "/tmp",
  ];
  return Bun.spawnSync(args, { stdin: "ignore", stdout: "ignore", stderr: "ignore" }).success;
}
