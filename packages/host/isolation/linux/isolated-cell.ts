import type { ChildProcess } from "node:child_process";
import { chmodSync, chownSync, closeSync, lstatSync, rmSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { InstanceRefusedError } from "../../errors.ts";
import type { Cell, CellView, LauncherLink, Occupant, Runtime } from "../cell.ts";
import { readCodeFolder } from "../code-folder.ts";
import { cellPaths } from "./cell-paths.ts";
import type { Cgroup } from "./cgroup/cgroup.ts";
import { attachTree, insideMountNamespace, mountFlags, openTree, unmount } from "./kernel.ts";

const { readOnly, noSuid, noDev } = mountFlags;
const socketName = "s";
/** As for Vercel Functions (https://vercel.com/docs/functions/limitations). */
const processLimit = 1_024;
/** Memory that buys one core at Vercel. */
const memoryOfCore = 1_769 * 1024 * 1024;

export interface IsolatedCellParts {
  name: string;
  child: ChildProcess;
  launcher: LauncherLink;
  runtime: Runtime;
  cgroup: Cgroup;
  /** Of the mount namespace; held open, so it can be entered even after the last process has ended. */
  namespace: number;
  /** A small file system of its own, mounted outside and inside. */
  socketFolder: string;
}

export class IsolatedCell implements Cell {
  readonly name: string;
  readonly pid: number;
  readonly launcher: LauncherLink;
  readonly socketPath: string;
  private readOnlyCode = false;
  private destroyed: Promise<void> | undefined;

  constructor(private readonly parts: IsolatedCellParts) {
    this.name = parts.name;
    this.pid = parts.child.pid!;
    this.launcher = parts.launcher;
    this.socketPath = join(parts.socketFolder, socketName);
  }

  occupy({ identity, tree, compiledCode, memoryBytes }: Occupant): CellView {
    if (!identity) throw new TypeError("An isolated cell needs an identity");
    const { uid, gid } = identity;
    this.parts.cgroup.limit({
      memoryBytes,
      cpus: Math.min(cpus().length, Math.max(1, memoryBytes / memoryOfCore)),
      processes: processLimit,
    });
    chownSync(this.parts.socketFolder, uid, gid);
    const trees: [number, string][] = [];
    try {
      trees.push([openTree(tree), cellPaths.task]);
      if (compiledCode) trees.push([openTree(compiledCode), cellPaths.code]);
      insideMountNamespace(this.parts.namespace, () => {
        for (const [handle, target] of trees) attachTree(handle, target, readOnly | noSuid | noDev);
        if (!compiledCode) chownSync(cellPaths.code, uid, gid);
        writeFileSync(
          join(cellPaths.accounts, "passwd"),
          `root:x:0:0:root:/root:/usr/sbin/nologin\napp:x:${uid}:${gid}:app:/tmp:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n`,
        );
        writeFileSync(join(cellPaths.accounts, "group"), `root:x:0:\napp:x:${gid}:\nnogroup:x:65534:\n`);
      });
    } finally {
      for (const [handle] of trees) closeSync(handle);
    }
    this.readOnlyCode = compiledCode !== undefined;
    return {
      root: cellPaths.task,
      socketPath: join(cellPaths.sockets, socketName),
      compileCacheDir: cellPaths.code,
      cacheSockets: cellPaths.cacheSockets,
      environment: {
        PATH: `${join(cellPaths.runtime, this.parts.runtime.program, "..")}:/usr/local/bin:/usr/bin:/bin`,
        HOME: "/tmp",
        TMPDIR: "/tmp",
        USER: "app",
      },
      identity,
    };
  }

  sealSocket(): void {
    chownSync(this.parts.socketFolder, 0, 0);
    chmodSync(this.parts.socketFolder, 0o700);
    const entry = lstatSync(this.socketPath, { throwIfNoEntry: false });
    if (!entry?.isSocket()) {
      throw new InstanceRefusedError("The function said that it was ready, but there is no socket of it", {
        hint: "The function must leave standard input, descriptors 3 and 4 and /run/evenkeel alone.",
      });
    }
  }

  memoryBytes(): number {
    return this.destroyed ? 0 : this.parts.cgroup.memoryBytes();
  }

  cpuSeconds(): number | undefined {
    return this.destroyed ? undefined : this.parts.cgroup.cpuSeconds();
  }

  ranOutOfMemory(): boolean {
    return this.parts.cgroup.outOfMemoryKills() > 0;
  }

  compiledCode(): Map<string, Uint8Array> {
    if (this.readOnlyCode) return new Map();
    return insideMountNamespace(this.parts.namespace, () => readCodeFolder(cellPaths.code));
  }

  destroy(): Promise<void> {
    this.destroyed ??= this.end();
    return this.destroyed;
  }

  private async end(): Promise<void> {
    // The outermost process takes the namespace's first one with it, and that one every other.
    this.parts.child.kill("SIGKILL");
    await this.launcher.ended;
    closeSync(this.parts.namespace);
    unmount(this.parts.socketFolder);
    rmSync(this.parts.socketFolder, { recursive: true, force: true });
    await this.parts.cgroup.remove();
  }
}
