import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type HomeLayout, randomId } from "@evenkeel/model";
import { CellFailedError } from "../../errors.ts";
import type { Cell, CellMaker, Runtime } from "../cell.ts";
import { ChildLauncherLink } from "../launcher-link.ts";
import { type ProcessRecords, recordProcess } from "../process-records.ts";
import { buildRoot, readMachineFacts } from "./build-root.ts";
import { cellPaths } from "./cell-paths.ts";
import type { CgroupTree } from "./cgroup/cgroup.ts";
import { confinement } from "./confinement.ts";
import { IsolatedCell } from "./isolated-cell.ts";
import {
  insideMountNamespace,
  limitResource,
  mount,
  mountFlags,
  scheduleInBatches,
  unmount,
} from "./kernel.ts";
import { planRoot } from "./root-plan.ts";

const initScript = join(import.meta.dir, "cell-init.sh");
const warmLimitMs = 30_000;
const openFileLimit = 65_536;

/**
 * How a cell comes about:
 *
 * 1. `unshare` makes new mount, pid, ipc and uts namespaces, `setpriv` takes every capability but those to change ids and forbids
 *    new privileges for ever. `cell-init.sh` is process 1; it and all others end with `unshare`.
 * 2. The host puts it into its control group, enters the mount namespace and builds the private root.
 * 3. The launcher starts, still as root but without any right, and warms up.
 * 4. `occupy` mounts the function's tree into the waiting namespace; the launcher changes to the app's uid and loads it.
 *
 * Steps 1 to 3 take some 90 ms and happen ahead of need, step 4 takes 0.2 ms. Making namespaces in the host itself is no way: a
 * process whose children belong to another pid namespace cannot start threads, and Bun aborts.
 *
 * Cells do not die with the host: edges go on using them until the next host is there, which ends them (`clear`).
 */
export class IsolatedCellMaker implements CellMaker {
  readonly kind = "isolated";
  private readonly facts = readMachineFacts();

  constructor(
    private readonly layout: HomeLayout,
    private readonly launcherPath: string,
    private readonly cgroups: CgroupTree,
    private readonly records: ProcessRecords,
  ) {}

  async make(runtime: Runtime): Promise<Cell> {
    const name = randomId(10);
    const socketFolder = join(this.layout.instanceSockets, name);
    mkdirSync(socketFolder, { recursive: true, mode: 0o700 });
    mkdirSync(this.layout.cacheSockets, { recursive: true, mode: 0o755 });
    const stage = join(this.layout.run, "root");
    mkdirSync(stage, { recursive: true, mode: 0o700 });
    // Its own tiny file system, so that an app that writes files there instead of a socket cannot fill the disk.
    mount(
      "tmpfs",
      socketFolder,
      "tmpfs",
      mountFlags.noSuid | mountFlags.noDev | mountFlags.noExec,
      "size=64k,nr_inodes=8,mode=700",
    );
    const cgroup = this.cgroups.create(name);
    const child = spawnCell(runtime);
    const launcher = new ChildLauncherLink(child, true);
    let namespace: number | undefined;
    const forget = child.pid === undefined ? () => {} : recordProcess(this.records, child.pid);
    void launcher.ended.then(forget);
    try {
      const stands = new Promise<void>((resolve) => {
        launcher.onCell = resolve;
      });
      const warm = launcher.warm(warmLimitMs);
      // It also rejects when another step has failed and the process is ended.
      warm.catch(() => {});
      await Promise.race([stands, warm]);
      const init = firstChild(child.pid!);
      for (const resource of ["core", "openFiles"] as const) {
        limitResource(init, resource, resource === "core" ? 0 : openFileLimit);
      }
      scheduleInBatches(init);
      cgroup.add(init);
      namespace = openSync(`/proc/${child.pid}/ns/mnt`, "r");
      const steps = planRoot(this.facts, {
        runtimeFolder: runtime.folder,
        launcherPath: this.launcherPath,
        socketFolder,
        cacheSocketFolder: this.layout.cacheSockets,
        hiddenFolders: [this.layout.home, this.layout.run],
      });
      insideMountNamespace(namespace, () => buildRoot(steps, stage));
      child.stdin!.end("go\n");
      await warm;
      return new IsolatedCell({ name, child, launcher, runtime, cgroup, namespace, socketFolder });
    } catch (error) {
      child.kill("SIGKILL");
      await launcher.ended;
      if (namespace !== undefined) closeSync(namespace);
      unmount(socketFolder);
      rmSync(socketFolder, { recursive: true, force: true });
      await cgroup.remove();
      throw error;
    }
  }

  close(): void {
    this.cgroups.close();
  }

  async clear(lingerMs: number): Promise<void> {
    const folder = this.layout.instanceSockets;
    const left = existsSync(folder) ? readdirSync(folder) : [];
    const groups = this.cgroups.names();
    await this.records.endAll(lingerMs);
    await this.cgroups.clear(groups);
    for (const name of left) {
      try {
        unmount(join(folder, name));
      } catch {
        // Not a mount point: its host ended before it mounted, or this machine was started anew.
      }
      rmSync(join(folder, name), { recursive: true, force: true });
    }
  }
}

function spawnCell(runtime: Runtime) {
  const script = openSync(initScript, "r");
  try {
    const child = spawn(
      confinement[0]!,
      [
        ...confinement.slice(1),
        ...["/bin/sh", "/proc/self/fd/5"],
        ...[join(cellPaths.runtime, runtime.program), cellPaths.launcher],
      ],
      {
        cwd: "/",
        env: { PATH: "/usr/bin:/bin:/usr/sbin:/sbin" },
        detached: true,
        stdio: ["pipe", "pipe", "pipe", "pipe", "pipe", script],
      },
    );
    child.stdin!.on("error", () => {});
    return child;
  } finally {
    closeSync(script);
  }
}

/** The only child of `unshare --fork`. */
export function firstChild(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
  const child = Number(children[0]);
  if (!child) throw new CellFailedError(`Process ${pid} has no child in its new namespaces`);
  return child;
}
