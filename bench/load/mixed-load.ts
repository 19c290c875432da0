/**
 * A steady load of every kind of request, for as long as the bench wants. Runs under Node, whose client repeats nothing by itself: a connection
 * that the server breaks is a failed request here, as it would be for a person.
 *
 * Argument: `MixedLoadSettings` as JSON.
 */
import { Agent, type IncomingMessage, request } from "node:http";
import { createInterface } from "node:readline";
import type {
  FromMixedLoad,
  MixedLoadReport,
  MixedLoadSettings,
  RequestKind,
  ToMixedLoad,
} from "./mixed-load-protocol.ts";

const uploadBytes = 5 * 1024 * 1024;
const eventCount = 5;
const answerLimitMs = 20_000;
const keptFailures = 10;

const settings = JSON.parse(process.argv[2]!) as MixedLoadSettings;
const tell = (message: FromMixedLoad) => process.stdout.write(`${JSON.stringify(message)}\n`);
const kept = new Agent({ keepAlive: true, maxSockets: 16 });
const uploads = new Agent({ keepAlive: true, maxSockets: 8 });
const upload = Buffer.alloc(uploadBytes, "evenkeel ");

const report: MixedLoadReport = {
  requests: { kept: 0, fresh: 0, events: 0, upload: 0 },
  failed: 0,
  stale: 0,
  checked: 0,
  failures: [],
};
/** Counts the switches, so that an answer is only judged by what was true all the while. */
let epoch = 0;
let expected: string | null = null;
let inFlight = 0;
let finishing = false;

/** Of forty requests: one upload, two event streams, the others half over kept connections, half over fresh ones. */
function kindOf(number: number): RequestKind {
  if (number % 40 === 0) return "upload";
  if (number % 20 === 10) return "events";
  return number % 2 === 0 ? "fresh" : "kept";
}

async function send(kind: RequestKind, number: number): Promise<void> {
  const [atEpoch, wanted] = [epoch, expected];
  report.requests[kind]++;
  inFlight++;
  try {
    const version = await ask(kind, number);
    if (wanted !== null && atEpoch === epoch) {
      report.checked++;
      if (version !== wanted) fail("stale", `${kind}: answered by ${version}, released is ${wanted}`);
    }
  } catch (error) {
    fail("failed", `${kind}: ${(error as Error).message}`);
  }
  inFlight--;
  if (finishing && inFlight === 0) finish();
}

function fail(how: "failed" | "stale", words: string): void {
  report[how]++;
  if (report.failures.length < keptFailures) report.failures.push(words);
}

/** The version that answered. Throws unless the answer came whole and is what it should be. */
async function ask(kind: RequestKind, number: number): Promise<string> {
  if (kind === "upload") {
    const answer = JSON.parse(await exchange("/api/version", uploads, upload)) as {
      version: string;
      bytes: number;
    };
    if (answer.bytes !== uploadBytes) throw new Error(`${answer.bytes} of ${uploadBytes} bytes arrived`);
    return answer.version;
  }
  if (kind === "events") {
    const events = (await exchange("/api/version?events", kept)).split("\n\n").filter(Boolean);
    const versions = new Set(events.map((event) => event.replace("data: ", "")));
    if (events.length !== eventCount || versions.size !== 1)
      throw new Error(`events came as ${events.join(", ")}`);
    return [...versions][0]!;
  }
  const path = number % 4 < 2 ? "/api/version" : "/version.json";
  return (JSON.parse(await exchange(path, kind === "kept" ? kept : false)) as { version: string }).version;
}

function exchange(path: string, agent: Agent | false, body?: Buffer): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const call = request({
    host: "127.0.0.1",
    port: settings.port,
    path,
    agent,
    method: body ? "POST" : "GET",
    headers: {
      host: settings.host,
      ...(body && { "content-length": body.length, "content-type": "application/octet-stream" }),
    },
    signal: AbortSignal.timeout(answerLimitMs),
  });
  call.on("response", (response) => readText(response).then(resolve, reject));
  call.on("error", reject);
  call.end(body);
  return promise;
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  if (response.statusCode === 200) return text;
  throw new Error(`status ${response.statusCode}: ${text.slice(0, 200)}`);
}

function finish(): void {
  kept.destroy();
  uploads.destroy();
  process.stdout.write(`${JSON.stringify({ type: "report", report } satisfies FromMixedLoad)}\n`, () =>
    process.exit(0),
  );
}

const beganMs = performance.now();
let sent = 0;
const ticker = setInterval(() => {
  // Late timers are made up for: the rate holds whatever the answers take.
  const due = ((performance.now() - beganMs) * settings.requestsPerSecond) / 1_000;
  for (; sent < due; sent++) void send(kindOf(sent), sent);
}, 5);

createInterface({ input: process.stdin }).on("line", (line) => {
  const message = JSON.parse(line) as ToMixedLoad;
  if (message.type === "expect") {
    epoch++;
    expected = message.version;
    tell({ type: "ack" });
    return;
  }
  clearInterval(ticker);
  finishing = true;
  if (inFlight === 0) finish();
});
tell({ type: "ready" });
