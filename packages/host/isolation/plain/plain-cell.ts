import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { type HomeLayout, randomId } from "@evenkeel/model";
import type { Cell, CellMaker, CellView, LauncherLink, Occupant, Runtime } from "../cell.ts";
import { readCodeFolder } from "../code-folder.ts";
import { processCpuSeconds } from "../cpu-seconds.ts";
import { ChildLauncherLink } from "../launcher-link.ts";
import { type ProcessRecords, recordProcess } from "../process-records.ts";

const warmLimitMs = 30_000;

/** Where isolation is impossible (no root, no Linux): a child process that shares everything with the platform but its environment. */
export class PlainCellMaker implements CellMaker {
  readonly kind = "plain";

  constructor(
    private readonly layout: HomeLayout,
    private readonly launcherPath: string,
    private readonly records: ProcessRecords,
  ) {}

  async make(runtime: Runtime): Promise<Cell> {
    const name = randomId(10);
    const folder = join(this.layout.instanceSockets, name);
    mkdirSync(join(folder, "tmp"), { recursive: true, mode: 0o700 });
    const program = join(runtime.folder, runtime.program);
    const child = spawn(program, [this.launcherPath], {
      cwd: join(folder, "tmp"),
      env: { PATH: `${dirname(program)}:/usr/local/bin:/usr/bin:/bin` },
      detached: true,
      stdio: ["ignore", "pipe", "pipe", "pipe", "pipe"],
    });
    const launcher = new ChildLauncherLink(child, false);
    if (child.pid !== undefined) void launcher.ended.then(recordProcess(this.records, child.pid));
    try {
      await launcher.warm(warmLimitMs);
    } catch (error) {
      child.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
    return new PlainCell(name, child.pid!, launcher, folder, this.layout.cacheSockets, program);
  }

  close(): void {}

  async clear(lingerMs: number): Promise<void> {
    const folder = this.layout.instanceSockets;
    const left = existsSync(folder) ? readdirSync(folder) : [];
    await this.records.endAll(lingerMs);
    for (const name of left) rmSync(join(folder, name), { recursive: true, force: true });
  }
}

class PlainCell implements Cell {
  readonly socketPath: string;
  private destroyed: Promise<void> | undefined;
  private readOnlyCode = false;

  constructor(
    readonly name: string,
    readonly pid: number,
    readonly launcher: LauncherLink,
    private readonly folder: string,
    private readonly cacheSockets: string,
    private readonly program: string,
  ) {
    this.socketPath = join(folder, "s");
  }

  occupy({ tree, compiledCode }: Occupant): CellView {
    const code = compiledCode ?? join(this.folder, "code");
    mkdirSync(code, { recursive: true });
    this.readOnlyCode = compiledCode !== undefined;
    const temporary = join(this.folder, "tmp");
    return {
      root: tree,
      socketPath: this.socketPath,
      compileCacheDir: code,
      cacheSockets: this.cacheSockets,
      environment: {
        PATH: `${dirname(this.program)}:/usr/local/bin:/usr/bin:/bin`,
        HOME: temporary,
        TMPDIR: temporary,
      },
      identity: undefined,
    };
  }

  sealSocket(): void {}

  memoryBytes(): number {
    return residentBytes(this.pid);
  }

  cpuSeconds(): number | undefined {
    return processCpuSeconds(this.pid);
  }

  ranOutOfMemory(): boolean {
    return false;
  }

  compiledCode(): Map<string, Uint8Array> {
    return this.readOnlyCode ? new Map() : readCodeFolder(join(this.folder, "code"));
  }

  destroy(): Promise<void> {
    this.destroyed ??= this.end();
    return this.destroyed;
  }

  private async end(): Promise<void> {
    // Children of the app are in its process group unless they left it.
    for (const target of [-this.pid, this.pid]) {
      try {
        process.kill(target, "SIGKILL");
      } catch {
        // Ended by itself.
      }
    }
    await this.launcher.ended;
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Memory of one process; 0 where its system does not say. */
export function residentBytes(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "latin1");
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
