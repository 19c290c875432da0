import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isolationMissing } from "./room-isolation.ts";
import { type RoomLimits, roomLimits } from "./room-limits.ts";
import { buildUid, type RoomLogLine, type RoomOutcome, runInRoom } from "./run-in-room.ts";

const isolated = isolationMissing().length === 0;
if (!isolated) console.warn(`room tests: skipping those that need ${isolationMissing().join(", ")}`);
const slowMs = 120_000;

let folder: string;
let work: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ek-room-"));
  work = join(folder, "work");
  mkdirSync(work);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Run {
  outcome: RoomOutcome;
  lines: RoomLogLine[];
  text: string;
}

/** Runs a program of the machine's own shell, which every machine has, in a room with `/work`. */
async function run(
  program: string,
  limits: Partial<RoomLimits> = {},
  options: { signal?: AbortSignal; secrets?: Record<string, string>; onLine?: (text: string) => void } = {},
): Promise<Run> {
  const lines: RoomLogLine[] = [];
  const outcome = await runInRoom({
    name: `test-${crypto.randomUUID().slice(0, 8)}`,
    folder,
    writable: [{ source: work, target: "/work" }],
    readOnly: [],
    command: (at) => ({
      argv: ["/bin/sh", "-c", program],
      cwd: at(work),
      home: at(work),
      environment: { PATH: "/usr/bin:/bin", GIVEN: "here", HOME: at(work) },
    }),
    limits: roomLimits({ diskReserveBytes: 1, ...limits }),
    secrets: options.secrets ?? {},
    onLog: (line) => {
      lines.push(line);
      options.onLine?.(line.text);
    },
    signal: options.signal,
  });
  return { outcome, lines, text: lines.map((line) => line.text).join("\n") };
}

const stillRuns = (marker: string) =>
  readdirSync("/proc").some((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(marker);
    } catch {
      return false;
    }
  });

async function until(condition: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 1_000 && !condition(); attempt++) await Bun.sleep(20);
  expect(condition()).toBe(true);
}

test(
  "a command runs with its own environment and nothing of the platform's; exit code and both streams come back",
  async () => {
    process.env["EVENKEEL_TEST_PLATFORM_SECRET"] = "leak";
    try {
      const { outcome, lines } = await run("env; echo oops >&2; exit 7");
      expect(outcome).toMatchObject({ exitCode: 7, outOfMemory: false });
      const text = lines.map((line) => line.text).join("\n");
      expect(text).toContain("GIVEN=here");
      expect(text).not.toContain("leak");
      expect(lines.find((line) => line.text === "oops")?.stream).toBe("stderr");
    } finally {
      delete process.env["EVENKEEL_TEST_PLATFORM_SECRET"];
    }
  },
  slowMs,
);

test(
  "secrets do not reach the log",
  async () => {
    const { text } = await run("echo token=hunter2-long", {}, { secrets: { TOKEN: "hunter2-long" } });
    expect(text).toContain("token=[TOKEN]");
  },
  slowMs,
);

test.if(isolated)(
  "a room shows no other folder of the machine, no other process, and runs as a user without any rights",
  async () => {
    const keys = join(folder, "keys");
    mkdirSync(keys, { mode: 0o777 });
    writeFileSync(join(keys, "master.key"), "key", { mode: 0o666 });
    const { text, outcome } = await run(
      `cat ${keys}/master.key; ls /root /home /etc/shadow /var; id -u; id -G; ls /proc | grep -c '^[0-9]'; pwd; grep -E '^(CapBnd|NoNewPrivs)' /proc/self/status; touch /usr/x /etc/x /x; echo made > /work/made; hostname`,
    );
    expect(outcome.settled).toBe(true);
    expect(text).toContain(`cat: ${keys}/master.key: No such file`);
    expect(text).toContain("cannot access '/root'");
    expect(text).toContain("cannot access '/etc/shadow'");
    expect(text).toContain(`\n${buildUid}\n${buildUid}\n`);
    expect(text).toContain("\n/work\n");
    expect(text).toMatch(/CapBnd:\s+0000000000000000/);
    expect(text).toMatch(/NoNewPrivs:\s+1/);
    expect(text.match(/touch: cannot touch/g)).toHaveLength(3);
    expect(text).toContain("\nbuild");
    expect(readFileSync(join(work, "made"), "utf8")).toBe("made\n");
    expect(existsSync(join(folder, "x"))).toBe(false);
  },
  slowMs,
);

test(
  "a command that takes too long is ended with all that it started",
  async () => {
    const marker = `1${Math.floor(Math.random() * 1e8)}`;
    const { outcome } = await run(`sleep ${marker} & (sleep ${marker} &) ; sleep ${marker}`, {
      wallTimeMs: 500,
    });
    expect(outcome.ended).toBe("wall_time");
    await until(() => !stillRuns(marker));
  },
  slowMs,
);

test(
  "a cancelled command is ended with all that it started",
  async () => {
    const marker = `2${Math.floor(Math.random() * 1e8)}`;
    const cancel = new AbortController();
    const { outcome } = await run(
      `sleep ${marker} & echo started; wait`,
      {},
      { signal: cancel.signal, onLine: (text) => text === "started" && cancel.abort() },
    );
    expect(outcome.ended).toBe("cancelled");
    await until(() => !stillRuns(marker));
  },
  slowMs,
);

test.if(isolated)(
  "what a command leaves in the background ends with it",
  async () => {
    const marker = `3${Math.floor(Math.random() * 1e8)}`;
    const { outcome } = await run(`setsid sleep ${marker} & echo done`);
    expect(outcome).toMatchObject({ exitCode: 0, settled: true });
    await until(() => !stillRuns(marker));
  },
  slowMs,
);

test.if(isolated)(
  "a command that takes more memory than its own is killed, and that is known",
  async () => {
    const { outcome } = await run("tail /dev/zero", { memoryBytes: 64 * 1024 ** 2 });
    expect(outcome.exitCode).not.toBe(0);
    expect(outcome.outOfMemory).toBe(true);
  },
  slowMs,
);

test.if(isolated)(
  "a fork bomb stays below its limit and ends with its room",
  async () => {
    const cancel = new AbortController();
    const { outcome } = await run(
      "bomb() { bomb | bomb & }; bomb; sleep 1000",
      { processes: 60, wallTimeMs: 100_000 },
      { signal: cancel.signal, onLine: (text) => /fork/i.test(text) && cancel.abort() },
    );
    expect(outcome.ended).toBe("cancelled");
    expect(outcome.processesRefused).toBe(true);
  },
  slowMs,
);

test(
  "a command that fills the disk is ended",
  async () => {
    const { outcome } = await run("while :; do head -c 1000000 /dev/zero > f$((i=i+1)); done", {
      diskBytes: 20_000_000,
      wallTimeMs: 100_000,
    });
    expect(outcome).toMatchObject({ ended: "disk", endReason: "it wrote more than its 19 MiB" });
  },
  slowMs,
);

test(
  "a command is ended before the disk is full for everybody",
  async () => {
    const { outcome } = await run("sleep 1000", {
      diskReserveBytes: Number.MAX_SAFE_INTEGER,
      wallTimeMs: 100_000,
    });
    expect(outcome.ended).toBe("disk");
    expect(outcome.endReason).toContain("left");
  },
  slowMs,
);

test(
  "when the platform dies, its builds die too",
  async () => {
    const marker = `4${Math.floor(Math.random() * 1e8)}`;
    const program = `
      const { runInRoom } = await import(${JSON.stringify(join(import.meta.dir, "run-in-room.ts"))});
      const { roomLimits } = await import(${JSON.stringify(join(import.meta.dir, "room-limits.ts"))});
      await runInRoom({ name: "dies-${marker}", folder: ${JSON.stringify(folder)},
        writable: [{ source: ${JSON.stringify(work)}, target: "/work" }], readOnly: [],
        command: (at) => ({ argv: ["/bin/sh", "-c", "sleep ${marker} & echo started; wait"],
          cwd: at(${JSON.stringify(work)}), home: "/work", environment: { PATH: "/usr/bin:/bin" } }),
        limits: roomLimits({ diskReserveBytes: 1 }), secrets: {},
        onLog: (line) => console.log(line.text) });`;
    const platform = Bun.spawn([process.execPath, "-e", program], { stdin: "ignore", stdout: "pipe" });
    try {
      for await (const chunk of platform.stdout) if (Buffer.from(chunk).includes("started")) break;
      await until(() => stillRuns(`sleep\0${marker}`));
    } finally {
      platform.kill("SIGKILL");
      await platform.exited;
    }
    await until(() => !stillRuns(`sleep\0${marker}`));
  },
  slowMs,
);
