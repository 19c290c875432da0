import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { appLogFolder, LogIntake, type LogQuery, searchLogs, writeLogSettings } from "@evenkeel/logs";
import { type AppName, type DeploymentId, homeLayout, secretMasker } from "@evenkeel/model";
import type { Bench, Program } from "../bench.ts";
import { PeerFailedError } from "../errors.ts";
import { type Figure, formatCount } from "../report/figure.ts";

const lineCount = 10_000_000;
const distinctLines = 200_000;
/** As many as the host gets in one read of a busy pipe. */
const linesPerChunk = 300;
const app = "shop" as AppName;
const needle = "order ord_7f3a9c2e41b0 was charged twice";

export const logs: Program = {
  name: "logs",
  title: "Logs",
  tools: [],
  conditions: `${formatCount(lineCount)} lines, 174 bytes each in the mean: pino's and winston's JSON with request ids, plain text, errors with stacks, times and ids as services
print them; ${formatCount(distinctLines)} are distinct, repeated far outside what is packed together. They go the whole way that output of instances goes: split, masked for 20 secrets, read,
redacted, written, packed, indexed. Intake is the processor time of the process and of the threads that pack. Raw size is what was printed. Searches are of all
lines, newest first, a first page of 100, files in the page cache; the slowest of eight counts: a text in the oldest line, texts and fields that nothing has, short ones, frequent ones.`,

  async run(bench: Bench): Promise<Figure[]> {
    const layout = homeLayout(bench.makeFolder("logs"));
    const folder = appLogFolder(layout, app);
    const unbounded = 1e12;
    writeLogSettings(folder, {
      linesPerSecond: unbounded,
      bytesPerSecond: unbounded,
      budgetBytes: unbounded,
    });
    bench.step(`Taking in ${formatCount(lineCount)} lines`);
    const { cpuMicroseconds, wallMs, rawBytes } = await takeIn(layout);
    const sizeBytes = readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
    const each = cpuMicroseconds / lineCount;
    const share = (100 * sizeBytes) / rawBytes;
    bench.step("Searching");
    const times: number[] = [];
    for (const query of queries) times.push(await searchTime(folder, query));
    const slowest = Math.max(...times);
    return [
      {
        id: "log-intake",
        what: "intake of a line, on one core",
        goal: { kind: "limit", most: 20, unit: "µs" },
        value: each,
        measured: `${each.toFixed(1)} µs, ${formatCount(1_000_000 / each)} lines/s of a core; ${formatCount(lineCount / (wallMs / 1_000))} lines/s as they came, none lost`,
        samples: [each],
      },
      {
        id: "log-size",
        what: "size on disk, of what was printed",
        goal: { kind: "limit", most: 12.5, unit: "%" },
        value: share,
        measured: `${share.toFixed(1)} %, 1/${(100 / share).toFixed(1)}`,
        samples: [share],
      },
      {
        id: "log-search",
        what: `first page of a search in ${formatCount(lineCount)} lines`,
        goal: { kind: "limit", most: 2, unit: "s" },
        value: slowest,
        measured: `slowest ${slowest.toFixed(2)} s of ${times.map((time) => time.toFixed(2)).join(", ")}`,
        samples: times,
      },
    ];
  },
};

const queries: LogQuery[] = [
  { text: needle.slice(6, 22) },
  { text: "connection reset by nobody" },
  { fields: { userId: "usr_999999" } },
  { fields: { orderId: "000000000000" }, level: "warn" },
  { text: "qzx" },
  { level: "error" },
  { text: "ECONNREFUSED" },
  {},
];

async function takeIn(layout: ReturnType<typeof homeLayout>) {
  const chunks = makeChunks();
  const budget = { totalBytes: Number.MAX_SAFE_INTEGER, reserveBytes: 0 };
  let counted = 0;
  const intake = new LogIntake({
    ...{ layout, writer: "host", budget },
    count: (what, _app, _source, lines) => {
      if (what === "dropped") throw new PeerFailedError(`${lines} lines were dropped`);
      counted += lines;
    },
  });
  const secrets = Array.from({ length: 20 }, (_, number) => [
    `SECRET_${number}_KEY`,
    `secret-value-${number}-abcdef`,
  ]);
  const from = { deployment: "abc123def" as DeploymentId, environment: "production" } as const;
  const output = intake.app(app).output(from, secretMasker(Object.fromEntries(secrets)));
  const cpu = process.cpuUsage();
  const beginMs = performance.now();
  let rawBytes = 0;
  output.push("stdout", Buffer.from(`${needle}\n`));
  for (let turn = 0; counted < lineCount; turn++) {
    const chunk = chunks[turn % chunks.length]!;
    output.push("stdout", chunk);
    rawBytes += chunk.length;
    // As between two reads of a pipe; what is written is waited for, as a slow reader makes a program wait.
    if (turn % 10 === 9) await Bun.sleep(0);
    if (turn % 200 === 199) await intake.flush();
  }
  await intake.close();
  const { user, system } = process.cpuUsage(cpu);
  return { cpuMicroseconds: user + system, wallMs: performance.now() - beginMs, rawBytes };
}

async function searchTime(folder: string, query: LogQuery): Promise<number> {
  const beginMs = performance.now();
  const page = await searchLogs(folder, { ...query, timeLimitMs: 60_000 });
  const seconds = (performance.now() - beginMs) / 1_000;
  if (query.text && needle.includes(query.text) && page.lines.length !== 1) {
    throw new PeerFailedError(`The oldest line was not found: ${page.lines.length} lines were`);
  }
  return seconds;
}

/** The same in every run. */
function makeChunks(): Buffer[] {
  let seed = 42;
  const below = (limit: number): number => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((seed / 2 ** 32) * limit);
  };
  const hex = (length: number) => Array.from({ length }, () => below(16).toString(16)).join("");
  const of = <Item>(...items: Item[]): Item => items[below(items.length)]!;
  const path = () =>
    of("/api/orders", "/api/cart", "/", "/products/42", "/login", "/api/search", "/checkout");
  const chunks: Buffer[] = [];
  let lines: string[] = [];
  for (let number = 0; number < distinctLines; number++) {
    const timeMs = 1_700_000_000_000 + number * 8;
    const requestId = `ek1::k3x9a-${timeMs}-${number.toString(16)}`;
    const usual = { time: timeMs, pid: 4211, hostname: "web-1", requestId };
    const kind = below(100);
    if (kind < 50) {
      const answer = { status: of(200, 200, 200, 201, 304, 404), durationMs: below(900) };
      const request = { userId: `usr_${below(5_000)}`, method: of("GET", "POST"), path: path() };
      lines.push(JSON.stringify({ level: 30, ...usual, ...request, ...answer, msg: "request completed" }));
    } else if (kind < 70) {
      const words = `INFO  [http] GET ${path()} 200 ${below(300)}ms - user=${below(5_000)} trace=${hex(16)}`;
      lines.push(`${new Date(timeMs).toISOString()} ${words}`);
    } else if (kind < 85) {
      const message = `Order ord_${hex(12)} charged ${(below(20_000) / 100).toFixed(2)} EUR`;
      const more = { service: "billing", orderId: hex(12), timestamp: new Date(timeMs).toISOString() };
      lines.push(JSON.stringify({ level: "info", message, ...more }));
    } else if (kind < 95) {
      lines.push(
        `cache miss for key product:${below(20_000)} (region fra1), loading from database in ${below(40)} ms`,
      );
    } else {
      const message = "connect ECONNREFUSED 10.0.0.5:5432";
      const stack = `Error: ${message}\n    at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1607:16)`;
      const err = { type: "Error", message, stack };
      lines.push(JSON.stringify({ level: 50, ...usual, err, msg: "query failed" }));
    }
    if (lines.length < linesPerChunk && number < distinctLines - 1) continue;
    chunks.push(Buffer.from(`${lines.join("\n")}\n`));
    lines = [];
  }
  return chunks;
}
