import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { randomId } from "@evenkeel/model";
import { processCpuSeconds } from "../cpu-seconds.ts";
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
import { residentBytes } from "./plain-cell.ts";

/** Where isolation is impossible: child processes in process groups of their own, in the app's folder itself, which is read-only. */
export class PlainServiceCells implements ServiceCellMaker {
  readonly kind = "plain";

  constructor(private readonly folder: string) {}

  makeLasting(plan: ServiceCellPlan, label: unknown): Promise<MadeCell & { output: LastingOutput }> {
    return CellFolder.beginIn(join(this.folder, randomId(10)), async (folder, files) => {
      const child = spawnCell(plan, [files.stdout, files.stderr], files.exit);
      const cell = await standing(child, folder);
      cell.record(label);
      return { cell, place: placeOf(plan, folder), output: folder };
    });
  }

  async makeOneOff(plan: ServiceCellPlan): Promise<MadeCell & { streams: OneOffStreams }> {
    // Known to the next host, which ends it.
    const folder = new CellFolder(join(this.folder, randomId(10)));
    mkdirSync(folder.path, { recursive: true, mode: 0o700 });
    const child = spawnCell(plan, ["pipe", "pipe"], undefined);
    const cell = await standing(child, folder, false);
    const streams = { stdin: child.stdin!, stdout: child.stdout!, stderr: child.stderr! };
    return { cell, place: placeOf(plan, folder), streams };
  }

  relabel(cell: ServiceCell, label: unknown): void {
    (cell as RunningCell).record(label);
  }

  async adopt(): Promise<AdoptedCell[]> {
    const adopted: AdoptedCell[] = [];
    for (const folder of cellFolders(this.folder)) {
      const record = folder.load();
      const lives = record !== undefined && startTime(record.pid) === record.startedAt;
      if (!lives || record.label === null) {
        if (lives) signalAll([-record.pid, record.pid], "SIGKILL");
        folder.remove();
        continue;
      }
      folder.open();
      const { label, ...parts } = record;
      const ended = endOfProcess(record, folder);
      adopted.push({ cell: runningCell(folder, parts, ended), output: folder, label });
    }
    return adopted;
  }

  close(): void {}
}

function spawnCell(
  plan: ServiceCellPlan,
  output: [number | "pipe", number | "pipe"],
  exit: number | undefined,
): ChildProcess {
  const command = ["/bin/sh", enterScript, shell, join(plan.tree, plan.folder), ...plan.command];
  return withInit(output, exit, plan.terminal, ([sh, ...script], stdio) =>
    spawn(sh!, [...script, ...command], { cwd: "/", env: { PATH: "/usr/bin:/bin" }, detached: true, stdio }),
  );
}

/** @param lasting false: recorded only to be ended by the next host */
async function standing(child: ChildProcess, folder: CellFolder, lasting = true): Promise<RunningCell> {
  const ended = childEnd(child);
  try {
    await awaitStanding(child, ended);
    const pid = child.pid!;
    const cell = runningCell(
      folder,
      { pid, initPid: pid, startedAt: startTime(pid) ?? "", uid: undefined },
      ended,
      lasting ? child.stdin! : { write: (text) => child.stdin!.write(text), end() {} },
    );
    if (!lasting) cell.record(null);
    return cell;
  } catch (error) {
    child.kill("SIGKILL");
    await ended;
    throw error;
  }
}

function runningCell(
  folder: CellFolder,
  parts: { pid: number; initPid: number; startedAt: string; uid: number | undefined },
  ended: RunningCell["ended"],
  stdin?: { write(text: string): unknown; end(): unknown },
): RunningCell {
  const { pid } = parts;
  const group: CellGroup = {
    signal: (signal) => signalAll([-pid], signal),
    // Children of the app are in its process group unless they left it.
    kill: () => signalAll([-pid, pid], "SIGKILL"),
    memoryBytes: () => residentBytes(pid),
    cpuSeconds: () => processCpuSeconds(pid),
    ranOutOfMemory: () => false,
    remove: async () => {},
  };
  return new RunningCell({ name: folder.path, group, folder, ...parts, ended, ...(stdin && { stdin }) });
}

function placeOf({ tree, folder, runtime, tools }: ServiceCellPlan, cell: CellFolder): MadeCell["place"] {
  const temporary = join(cell.path, "tmp");
  mkdirSync(temporary, { recursive: true });
  const path = [
    ...[...new Set([join(tree, folder), tree])].map((top) => join(top, "node_modules/.bin")),
    join(runtime.folder, dirname(runtime.program)),
    ...Object.values(tools).map((tool) => join(tool, "bin")),
    ...["/usr/local/bin", "/usr/bin", "/bin"],
  ];
  return { environment: { PATH: path.join(":"), HOME: temporary, TMPDIR: temporary, SHELL: shell } };
}
