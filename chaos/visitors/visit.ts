/**
 * Visitors that come at a steady rate whatever the answers take, and a log of what each of them saw. A process of its own, outside of all that
 * is harmed. Runs under Node, whose client repeats nothing by itself.
 *
 * Argument: `VisitSettings` as JSON. Standard input: host names to be visited from then on, one a line.
 */
import { createWriteStream } from "node:fs";
import { Agent, request } from "node:http";
import { createInterface } from "node:readline";

export interface VisitSettings {
  port: number;
  path: string;
  perSecond: number;
  /** So long a visitor waits. */
  patienceMs: number;
  logPath: string;
}

const settings = JSON.parse(process.argv[2]!) as VisitSettings;
const log = createWriteStream(settings.logPath, { flags: "a" });
const agent = new Agent({ keepAlive: true, maxFreeSockets: 64 });

const nowMs = () => Math.round((performance.timeOrigin + performance.now()) * 10) / 10;

/** As `VisitLog` reads it. @param by the deployment that answered; `-` where nobody said */
const note = (host: string, beginMs: number, outcome: number | string, by: string) =>
  log.write(`${host} ${beginMs} ${nowMs()} ${outcome} ${by}\n`);

function visit(host: string): void {
  const beginMs = nowMs();
  const { port, path, patienceMs } = settings;
  let isNoted = false;
  const noteOnce = (outcome: number | string, by = "-") => {
    if (!isNoted) note(host, beginMs, outcome, by);
    isNoted = true;
  };
  const call = request(
    { host: "127.0.0.1", port, path, agent, headers: { host: `${host}:${port}` } },
    (answer) => {
      const by = String(answer.headers["x-evenkeel-deployment"] ?? "-");
      answer.resume();
      answer.on("end", () => noteOnce(answer.statusCode!, by));
      answer.on("error", () => noteOnce("broken", by));
    },
  );
  const timer = setTimeout(() => {
    noteOnce("late");
    call.destroy();
  }, patienceMs);
  call.on("error", () => noteOnce("broken"));
  call.on("close", () => clearTimeout(timer));
  call.end();
}

createInterface({ input: process.stdin })
  .on("line", (host) => {
    const beganMs = performance.now();
    let sent = 0;
    setInterval(() => {
      // Late timers are made up for.
      const due = ((performance.now() - beganMs) * settings.perSecond) / 1_000;
      for (; sent < due; sent++) visit(host);
    }, 5);
  })
  .on("close", () => process.exit(0));
