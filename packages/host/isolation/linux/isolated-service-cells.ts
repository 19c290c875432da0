import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { basename, dirname, join } from "node:path";
import { type HomeLayout, randomId } from "@evenkeel/model";
import { startTime } from "../process-records.ts";
import { CellFolder, cellFolders } from "../services/cell-folder.ts";
import { type CellGroup, RunningCell, signalAll } from "../services/running-cell.ts";
import type {
  AdoptedCell,
  LastingOutput,
  MadeCell,
  OneOffStreams,
  ServiceCell,
  ServiceCellMaker,
  ServiceCellPlan,
} from "../services/service-cell.ts";
import {
  awaitStanding,
  childEnd,
  endOfProcess,
  enterScript,
  shell,
  withInit,
} from "../services/service-init.ts";
import { writableFolders } from "../services/writable-folders.ts";
import { buildRoot, readMachineFacts } from "./build-root.ts";
import { cellPaths } from "./cell-paths.ts";
import type { Cgroup, CgroupTree } from "./cgroup/cgroup.ts";
import { confinement } from "./confinement.ts";
import { firstChild } from "./isolated-cell-maker.ts";
import { insideMountNamespace, limitResource } from "./kernel.ts";
import { planServiceRoot } from "./root-plan.ts";

const openFileLimit = 65_536;
const processLimit = 1_024;
/** Memory that buys one core, as for functions. */
const memoryOfCore = 1_769 * 1024 * 1024;

/**
 * Cells of services: namespaces, a private root and a control group as `IsolatedCellMaker` makes them, but without a launcher. The init
 * of the cell waits while the host builds the root; then `setpriv` changes to the app's uid, and only there does the app's
 * environment come in (`service-enter.sh`).
 */
export class IsolatedServiceCells implements ServiceCellMaker {
  readonly kind = "isolated";
  private readonly facts = readMachineFacts();
  private readonly enterText = readFileSync(enterScript, "utf8");

  constructor(
    private readonly layout: HomeLayout,
    private readonly cgroups: CgroupTree,
    /** Of the lasting cells. */
    private readonly folder: string,
  ) {}

  makeLasting(plan: ServiceCellPlan, label: unknown): Promise<MadeCell & { output: LastingOutput }> {
    const name = randomId(10);
    return CellFolder.beginIn(join(this.folder, name), async (folder, files) => {
      const child = spawnCell(plan, [files.stdout, files.stderr], files.exit);
      const made = await this.furnish(name, plan, child, folder);
      // Before it begins: what the next host does not know of must not run.
      made.cell.record(label);
      return { ...made, output: folder };
    });
  }

  async makeOneOff(plan: ServiceCellPlan): Promise<MadeCell & { streams: OneOffStreams }> {
    const child = spawnCell(plan, ["pipe", "pipe"], undefined);
    const made = await this.furnish(randomId(10), plan, child, undefined);
    return { ...made, streams: { stdin: child.stdin!, stdout: child.stdout!, stderr: child.stderr! } };
  }

  relabel(cell: ServiceCell, label: unknown): void {
    (cell as RunningCell).record(label);
  }

  async adopt(): Promise<AdoptedCell[]> {
    const adopted: AdoptedCell[] = [];
    const kept = new Set<string>();
    for (const folder of cellFolders(this.folder)) {
      const record = folder.load();
      const name = basename(folder.path);
      if (record === undefined || startTime(record.pid) !== record.startedAt) {
        // Whoever may be left in its control group goes below.
        folder.remove();
        continue;
      }
      kept.add(name);
      folder.open();
      const { label, ...parts } = record;
      const group = cgroupOf(this.cgroups.create(name), parts);
      const cell = new RunningCell({ name, group, folder, ...parts, ended: endOfProcess(record, folder) });
      adopted.push({ cell, output: folder, label });
    }
    await this.cgroups.clear(this.cgroups.names().filter((name) => !kept.has(name)));
    return adopted;
  }

  close(): void {
    this.cgroups.close();
  }

  private async furnish(
    name: string,
    plan: ServiceCellPlan,
    child: ChildProcess,
    folder: CellFolder | undefined,
  ): Promise<MadeCell & { cell: RunningCell }> {
    const cgroup = this.cgroups.create(name);
    const ended = childEnd(child);
    try {
      await awaitStanding(child, ended);
      const pid = child.pid!;
      const initPid = firstChild(pid);
      limitResource(initPid, "core", 0);
      limitResource(initPid, "openFiles", openFileLimit);
      cgroup.limit({
        memoryBytes: plan.memoryBytes,
        cpus: Math.min(cpus().length, Math.max(1, plan.memoryBytes / memoryOfCore)),
        processes: processLimit,
      });
      cgroup.add(initPid);
      this.buildRoot(plan, pid);
      const parts = { pid, initPid, startedAt: startTime(pid) ?? "", uid: plan.identity!.uid };
      const group = cgroupOf(cgroup, parts);
      const cell = new RunningCell({ name, group, folder, ...parts, ended, stdin: child.stdin! });
      return { cell, place: { environment: placeEnvironment(plan) } };
    } catch (error) {
      child.kill("SIGKILL");
      await ended;
      await cgroup.remove();
      throw error;
    }
  }

  private buildRoot(plan: ServiceCellPlan, pid: number): void {
    const stage = join(this.layout.run, "root");
    mkdirSync(stage, { recursive: true, mode: 0o700 });
    const owner = plan.identity!;
    const { uid, gid } = owner;
    const steps = planServiceRoot(this.facts, {
      runtimeFolder: plan.runtime.folder,
      hiddenFolders: [this.layout.home, this.layout.run],
      ...{ tree: plan.tree, writableFolders: writableFolders(plan.tree), owner, tools: plan.tools },
    });
    const namespace = openSync(`/proc/${pid}/ns/mnt`, "r");
    try {
      insideMountNamespace(namespace, () => {
        buildRoot(steps, stage);
        writeFileSync(
          join(cellPaths.accounts, "passwd"),
          `root:x:0:0:root:/root:/usr/sbin/nologin\napp:x:${uid}:${gid}:app:${cellPaths.app}:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n`,
        );
        writeFileSync(join(cellPaths.accounts, "group"), `root:x:0:\napp:x:${gid}:\nnogroup:x:65534:\n`);
        writeFileSync(cellPaths.enter, this.enterText, { mode: 0o444 });
      });
    } finally {
      closeSync(namespace);
    }
  }
}

function spawnCell(
  plan: ServiceCellPlan,
  output: [number | "pipe", number | "pipe"],
  exit: number | undefined,
): ChildProcess {
  const { uid, gid } = plan.identity!;
  const asApp = ["setpriv", "--reuid", String(uid), "--regid", String(gid), "--clear-groups"];
  const folder = join(cellPaths.app, plan.folder);
  return withInit(output, exit, plan.terminal, (init, stdio) =>
    spawn(
      confinement[0]!,
      [
        ...confinement.slice(1),
        ...init,
        ...asApp,
        ...["/bin/sh", cellPaths.enter, shell, folder, ...plan.command],
      ],
      { cwd: "/", env: { PATH: "/usr/bin:/bin:/usr/sbin:/sbin" }, detached: true, stdio },
    ),
  );
}

/** As at Heroku: HOME is the app's folder, its packages' commands come first. */
function placeEnvironment({ folder, runtime, tools }: ServiceCellPlan): Record<string, string> {
  const own = [...new Set([join(cellPaths.app, folder), cellPaths.app])];
  const path = [
    ...own.map((top) => join(top, "node_modules/.bin")),
    join(cellPaths.runtime, dirname(runtime.program)),
    ...Object.keys(tools).map((name) => `${cellPaths.tools}/${name}/bin`),
    ...["/usr/local/bin", "/usr/bin", "/bin"],
  ];
  return {
    PATH: path.join(":"),
    HOME: cellPaths.app,
    TMPDIR: "/tmp",
    USER: "app",
    LOGNAME: "app",
    SHELL: shell,
  };
}

function cgroupOf(cgroup: Cgroup, { pid, initPid }: { pid: number; initPid: number }): CellGroup {
  return {
    signal: (signal) =>
      signalAll(
        cgroup.processes().filter((one) => one !== initPid),
        signal,
      ),
    // The outermost process takes the namespace's first one with it, and that one every other.
    kill: () => signalAll([pid, initPid], "SIGKILL"),
    memoryBytes: () => cgroup.memoryBytes(),
    cpuSeconds: () => cgroup.cpuSeconds(),
    ranOutOfMemory: () => cgroup.outOfMemoryKills() > 0,
    remove: () => cgroup.remove(),
  };
}
