/**
 * Requests at a steady rate that carry a secret, for as long as the bench wants. Runs under Node, whose client repeats nothing by itself.
 *
 * Argument: `SecretLoadSettings` as JSON. One JSON value a line: in a secret, answered with `told` once no request with the former one is under way;
 * or `null`, answered with the report.
 */
import { Agent, request } from "node:http";
import { createInterface } from "node:readline";

export interface SecretLoadSettings {
  port: number;
  host: string;
  path: string;
  requestsPerSecond: number;
  secret: string;
}

export interface SecretLoadReport {
  requests: number;
  failed: number;
  /** The first few, in words. */
  failures: string[];
}

const answerLimitMs = 20_000;
const keptFailures = 10;
const settings = JSON.parse(process.argv[2]!) as SecretLoadSettings;
const kept = new Agent({ keepAlive: true, maxSockets: 16 });
const report: SecretLoadReport = { requests: 0, failed: 0, failures: [] };
const underWay = new Set<Promise<void>>();
let { secret } = settings;

function ask(agent: Agent | false): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const call = request({
    ...{ host: "127.0.0.1", port: settings.port, path: settings.path, agent },
    headers: { host: settings.host, "x-secret": secret },
    signal: AbortSignal.timeout(answerLimitMs),
  });
  call.on("response", (response) => {
    response.resume();
    response.on("error", reject);
    response.on("end", () =>
      response.statusCode === 200 ? resolve() : reject(new Error(`status ${response.statusCode}`)),
    );
  });
  call.on("error", reject);
  call.end();
  return promise;
}

function send(number: number): void {
  report.requests++;
  const asked = ask(number % 2 === 0 ? kept : false).catch((error: Error) => {
    report.failed++;
    if (report.failures.length < keptFailures) report.failures.push(error.message);
  });
  underWay.add(asked);
  void asked.then(() => underWay.delete(asked));
}

const beganMs = performance.now();
let sent = 0;
const ticker = setInterval(() => {
  // Late timers are made up for: the rate holds whatever the answers take.
  const due = ((performance.now() - beganMs) * settings.requestsPerSecond) / 1_000;
  for (; sent < due; sent++) send(sent);
}, 5);

createInterface({ input: process.stdin }).on("line", (line) => {
  const next = JSON.parse(line) as string | null;
  if (next === null) clearInterval(ticker);
  else secret = next;
  void Promise.all(underWay).then(() => {
    process.stdout.write(`${JSON.stringify(next === null ? report : "told")}\n`);
    if (next === null) kept.destroy();
  });
});
