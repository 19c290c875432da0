import { lchownSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { formatDuration, formatSize, type MaskSecrets, secretMasker } from "@evenkeel/model";
import { RoomFailedError } from "../errors.ts";
import { type Cgroup, createCgroup } from "./cgroup.ts";
import { watchDisk } from "./disk-watch.ts";
import { LogLines } from "./log-lines.ts";
import { planMounts } from "./mount-plan.ts";
import { isolationMissing } from "./room-isolation.ts";
import type { RoomLimits } from "./room-limits.ts";
import type { RoomResult, RoomSpec } from "./room-spec.ts";

/**
 * User of all builds where the platform is root. Between the ranges that Linux distributions and systemd give out (systemd's
 * "Users, Groups, UIDs and GIDs": 60706–61183 is unused); builds are kept apart by their namespaces.
 */
export const buildUid = 60_900;

/** How long pipes may stay open after the command's end, where a process can have left its group. */
const drainLimitMs = 2_000;
const largestLogBytes = 16 * 1024 ** 2;

export interface RoomLogLine {
  atMs: number;
  stream: "stdout" | "stderr" | "platform";
  /** Without line end; secrets replaced by their names. */
  text: string;
}

export interface RoomOptions {
  /** Unique among the rooms of this machine. */
  name: string;
  /** Folder of this build; `room/` in it is ours. */
  folder: string;
  /** Machine's path → room's path. Without isolation the command sees the machine's. */
  writable: RoomFolder[];
  readOnly: RoomFolder[];
  command: (at: PlaceOf) => RoomCommand;
  limits: RoomLimits;
  /** Variables that the log does not show. */
  secrets: Record<string, string>;
  onLog: (line: RoomLogLine) => void;
  /** False: it reaches nothing, not even the machine's own loopback address. Default true. */
  network?: boolean;
  /** Names that it resolves to these addresses, beside the machine's; only with isolation. */
  hosts?: Record<string, string> | undefined;
  signal?: AbortSignal | undefined;
}

export interface RoomFolder {
  source: string;
  target: string;
}

/** Where the command sees a folder of the machine. */
export type PlaceOf = (source: string) => string;

export interface RoomCommand {
  argv: string[];
  cwd: string;
  home: string;
  environment: Record<string, string>;
}

export interface RoomOutcome {
  /** 128 + signal for a command that a signal ended. */
  exitCode: number;
  /** What the room ended it for. */
  ended?: "wall_time" | "disk" | "cancelled";
  endReason?: string;
  outOfMemory: boolean;
  processesRefused: boolean;
  /** Whether it had a file tree, user and processes of its own. */
  isolated: boolean;
  /** No process is left that could still write. */
  settled: boolean;
}

/**
 * Runs one command in a room: own user, own file tree, own processes, bounded; and returns when the last process of it has ended.
 *
 * @throws RoomFailedError (`build_room_failed`) if the room cannot be made
 */
export async function runInRoom(options: RoomOptions): Promise<RoomOutcome> {
  const { limits } = options;
  const isolated = isolationMissing().length === 0;
  const roomFolder = join(options.folder, "room");
  rmSync(roomFolder, { recursive: true, force: true });
  mkdirSync(join(roomFolder, "root"), { recursive: true, mode: 0o700 });
  const folders = [...options.writable, ...options.readOnly];
  const placeOf: PlaceOf = (path) => {
    const folder = isolated && folders.find(({ source }) => path === source || path.startsWith(`${source}/`));
    return folder ? folder.target + path.slice(folder.source.length) : path;
  };
  const command = options.command(placeOf);
  const cgroup = createCgroup(options.name, limits);
  const spec: RoomSpec = {
    argv: command.argv,
    environment: command.environment,
    cwd: command.cwd,
    cgroups: cgroup.enter,
    fileBytes: limits.diskBytes,
    resultPath: join(roomFolder, "result.json"),
    ...(isolated && {
      isolation: {
        root: join(roomFolder, "root"),
        uid: buildUid,
        gid: buildUid,
        mounts: planMounts(options, buildUid, command.home, options.hosts),
      },
    }),
  };
  if (isolated) for (const { source } of options.writable) giveTo(buildUid, source);
  try {
    return await supervise(options, spec, cgroup);
  } finally {
    await cgroup.remove();
  }
}

async function supervise(options: RoomOptions, spec: RoomSpec, cgroup: Cgroup): Promise<RoomOutcome> {
  const { limits } = options;
  const log = boundedLog(options);
  const unbounded = [...isolationMissing(), ...cgroup.missing];
  if (unbounded.length > 0) log("platform", `Not bounded on this machine: ${unbounded.join(", ")}`);
  options.signal?.throwIfAborted();
  const child = Bun.spawn(
    [...launcher(spec, options.network ?? true), process.execPath, join(import.meta.dir, "room-init.ts")],
    {
      // Bun would read a `.env` where it starts.
      cwd: "/",
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", BUN_RUNTIME_TRANSPILER_CACHE_PATH: "0" },
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
      detached: true,
    },
  );
  let ended: RoomOutcome["ended"];
  let endReason: string | undefined;
  const end = (why: NonNullable<RoomOutcome["ended"]>, reason: string) => {
    if (ended !== undefined) return;
    ended = why;
    endReason = reason;
    killGroup(child.pid);
  };
  const onAbort = () => end("cancelled", "it was cancelled");
  options.signal?.addEventListener("abort", onAbort);
  const timer = setTimeout(
    () => end("wall_time", `it took longer than ${formatDuration(limits.wallTimeMs)}`),
    limits.wallTimeMs,
  );
  const disk = watchDisk(
    options.writable.map(({ source }) => source),
    limits,
    (reason) => end("disk", reason),
  );
  try {
    child.stdin.write(`${JSON.stringify(spec)}\n`);
    await child.stdin.flush();
    const mask = secretMasker(options.secrets);
    const output = Promise.all([
      readLines(child.stdout, (text) => log("stdout", text), mask),
      readLines(child.stderr, (text) => log("stderr", text), mask),
    ]);
    await child.exited;
    const drained = await Promise.race([output.then(() => true), Bun.sleep(drainLimitMs).then(() => false)]);
    const result = readResult(spec.resultPath);
    if (ended === undefined && "setupFailed" in result) {
      throw new RoomFailedError(`The build's room could not be made: ${result.setupFailed}`, {
        hint: "`evenkeel doctor` tells what this machine lacks.",
      });
    }
    return {
      exitCode: "exitCode" in result ? result.exitCode : 137,
      ...(ended && { ended, endReason }),
      outOfMemory: cgroup.oomKills() > 0,
      processesRefused: cgroup.processesRefused(),
      isolated: spec.isolation !== undefined,
      settled: drained && spec.isolation !== undefined,
    };
  } finally {
    clearTimeout(timer);
    disk.stop();
    options.signal?.removeEventListener("abort", onAbort);
    if (child.exitCode === null && child.signalCode === null) killGroup(child.pid);
  }
}

/** util-linux' unshare makes the namespaces: Bun has threads, and a new pid namespace holds only for children. */
function launcher(spec: RoomSpec, network: boolean): string[] {
  if (!spec.isolation) return [];
  const own = ["--mount", "--pid", "--ipc", "--uts", ...(network ? [] : ["--net"])];
  return ["unshare", ...own, "--fork", "--kill-child"];
}

function boundedLog(options: RoomOptions): (stream: RoomLogLine["stream"], text: string) => void {
  let bytes = 0;
  return (stream, text) => {
    if (bytes > largestLogBytes) return;
    bytes += text.length + 1;
    options.onLog({ atMs: Date.now(), stream, text });
    if (bytes > largestLogBytes) {
      const rest = `The log is cut here: it is longer than ${formatSize(largestLogBytes)}`;
      options.onLog({ atMs: Date.now(), stream: "platform", text: rest });
    }
  };
}

async function readLines(
  stream: ReadableStream<Uint8Array>,
  onLine: (text: string) => void,
  mask: MaskSecrets,
): Promise<void> {
  const lines = new LogLines(onLine, mask);
  for await (const chunk of stream) lines.write(chunk);
  lines.end();
}

function readResult(path: string): RoomResult {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as RoomResult;
  } catch {
    return { setupFailed: "its first process ended before it could say why" };
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // All of it has ended.
  }
}

/** No process of the room runs yet, so nothing can put a link in the way. */
function giveTo(uid: number, path: string): void {
  lchownSync(path, uid, uid);
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const child = join(path, entry.name);
    if (entry.isDirectory()) giveTo(uid, child);
    else lchownSync(child, uid, uid);
  }
}
