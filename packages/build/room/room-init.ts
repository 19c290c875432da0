/**
 * First process of a room (in its pid namespace: process 1). Told what to do by one line on standard input, which stays open: when
 * it ends, the platform is gone, and the room goes too.
 *
 * Phases: read the spec → enter the cgroups → enter the room → start the command as its user → wait, burying orphans → report.
 */
import { FFIType } from "bun:ffi";
import { closeSync, openSync, writeFileSync, writeSync } from "node:fs";
import { constants } from "node:os";
import { openLibc } from "../native/libc.ts";
import type { RoomResult, RoomSpec } from "./room-spec.ts";

const buryEveryMs = 250;
const resultBytes = 4096;

const spec = await readSpec();
// Opened before the room closes behind us, and given its place on the disk before the build can fill that.
const resultFile = openSync(spec.resultPath, "w", 0o600);
writeSync(resultFile, " ".repeat(resultBytes));
try {
  for (const file of spec.cgroups) writeFileSync(file, "0");
  if (process.platform === "linux") {
    const { enterRoom, limitFiles } = await import("./enter-room.ts");
    if (spec.isolation) enterRoom(spec.isolation);
    limitFiles(spec.fileBytes);
  }
  const child = Bun.spawn(spec.argv, {
    cwd: spec.cwd,
    env: spec.environment,
    stdin: "ignore",
    stdout: "inherit",
    stderr: "inherit",
    ...(spec.isolation && { uid: spec.isolation.uid, gid: spec.isolation.gid }),
  });
  if (process.pid === 1) buryOrphans(child.pid);
  await child.exited;
  // A shell's convention; `exitCode` is null for a signal.
  report({ exitCode: child.exitCode ?? 128 + signalNumber(child.signalCode) });
} catch (error) {
  report({ setupFailed: error instanceof Error ? error.message : String(error) });
}
end();

async function readSpec(): Promise<RoomSpec> {
  const { promise, resolve } = Promise.withResolvers<RoomSpec>();
  let received = "";
  let told = false;
  process.stdin.on("data", (chunk: Buffer) => {
    if (told) return;
    received += chunk.toString("latin1");
    const lineEnd = received.indexOf("\n");
    if (lineEnd === -1) return;
    told = true;
    resolve(JSON.parse(Buffer.from(received.slice(0, lineEnd), "latin1").toString()));
  });
  process.stdin.on("end", end);
  process.stdin.on("error", end);
  return promise;
}

function report(result: RoomResult): void {
  writeSync(resultFile, JSON.stringify(result), 0);
  closeSync(resultFile);
}

function end(): never {
  // Ends all that is left: process 1 takes its namespace along; without one, our process group is the build's.
  if (process.pid !== 1) process.kill(0, "SIGKILL");
  process.exit(0);
}

/**
 * Processes whose parents ended become ours, and would count against the limit of processes for ever. They are found by waitid(2)
 * with WNOWAIT, which leaves the command itself, whose end Bun waits for, as it is.
 */
function buryOrphans(commandPid: number): void {
  const WNOHANG = 1;
  const WEXITED = 4;
  const WNOWAIT = 0x0100_0000;
  const P_ALL = 0;
  const P_PID = 1;
  const { symbols: libc } = openLibc({
    waitid: { args: [FFIType.i32, FFIType.u32, FFIType.ptr, FFIType.i32], returns: FFIType.i32 },
  });
  const info = new Int32Array(32);
  setInterval(() => {
    while (true) {
      info.fill(0);
      if (libc.waitid(P_ALL, 0, info, WEXITED | WNOHANG | WNOWAIT) !== 0) return;
      // siginfo_t on 64-bit Linux: signo, errno, code, padding, pid.
      const pid = info[4]!;
      if (info[0] === 0 || pid === 0 || pid === commandPid) return;
      libc.waitid(P_PID, pid, info, WEXITED | WNOHANG);
    }
  }, buryEveryMs).unref();
}

function signalNumber(signal: NodeJS.Signals | number | null): number {
  return typeof signal === "string" ? constants.signals[signal] : (signal ?? 0);
}
