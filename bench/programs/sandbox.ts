import type { Bench, Program } from "../bench.ts";
import { PeerFailedError } from "../errors.ts";
import { type Callback, SandboxProcess } from "../platform/sandbox-process.ts";
import { type Figure, formatCount } from "../report/figure.ts";
import { median } from "../statistics.ts";

const callsAtOnce = 1_000;
const messages = 2_000;
/** Each is queued, sent, and delivered or not. */
const callbacksEach = 3;
const comparedCalls = 25;
const comparedSpeeds = [1, 10, 100, 1_000];
const inParallel = 32;
const limitMs = 60_000;
const hook = "https://shop.localhost/status";
const statusCallback: [string, string][] = [
  ["StatusCallback", hook],
  ...["initiated", "ringing", "answered", "completed"].map((event): [string, string] => [
    "StatusCallbackEvent",
    event,
  ]),
];

export const sandbox: Program = {
  name: "sandbox",
  title: "Twins of outside providers",
  tools: [],
  conditions: `The process of the twins alone on one core; the app and the edge are a stand-in on another one, which answers at once. Start: from the start of
the program to its sign that it answers, with state on disk. Calls: 1,000 of Twilio's, placed at ×1, each with signed status callbacks, all
to be in progress at one moment. Webhooks: 6,000 signed status callbacks of 2,000 texts at ×1000, from the first request that makes a text to
the last callback, so the requests count as well. Time: 25 calls with the same seed at ×1, ×10, ×100 and ×1000; what the app hears of each, in its order and with
its times, has to be the same.`,

  async run(bench: Bench): Promise<Figure[]> {
    const twins = SandboxProcess.make(bench);
    return [
      await measureStart(bench, twins),
      await measureCalls(bench, twins),
      await measureWebhooks(bench, twins),
      await compareSpeeds(bench, twins),
    ];
  },
};

async function measureStart(bench: Bench, twins: SandboxProcess): Promise<Figure> {
  // The first one makes the certificate.
  await twins.start();
  const samples: number[] = [];
  for (let round = 1; round <= bench.rounds; round++) {
    bench.step(`Start ${round} of ${bench.rounds}`);
    await twins.stop();
    samples.push(await twins.start());
  }
  const each = median(samples);
  return {
    id: "sandbox-start",
    what: "start of the twins",
    goal: { kind: "limit", most: 300, unit: "ms", statistic: "p50" },
    value: each,
    measured: `${Math.round(each)} ms (most ${Math.round(Math.max(...samples))} ms)`,
    samples,
  };
}

async function measureCalls(bench: Bench, twins: SandboxProcess): Promise<Figure> {
  await twins.begin("calls", 1);
  let [talking, most, ended] = [0, 0, 0];
  twins.onCallback = ({ params }) => {
    if (params.get("CallStatus") === "in-progress") talking++;
    if (params.get("CallStatus") !== "completed") most = Math.max(most, talking);
    else [talking, ended] = [talking - 1, ended + 1];
  };
  bench.step(`Placing ${callsAtOnce} calls`);
  for (let index = 0; index < callsAtOnce; index++) await twins.phone(numberOf(index), 1_000);
  const [cpuMs, fromMs] = [twins.cpuMs(), performance.now()];
  await times(callsAtOnce, (index) =>
    twins.twilio("Calls", [
      ["To", numberOf(index)],
      ["Twiml", '<Response><Pause length="15"/></Response>'],
      ...statusCallback,
    ]),
  );
  await until(() => ended === callsAtOnce, "Not all calls ended");
  const share = (100 * (twins.cpuMs() - cpuMs)) / (performance.now() - fromMs);
  return {
    id: "sandbox-calls",
    what: "1,000 simulated calls: how many were not in progress at one moment",
    goal: { kind: "limit", most: 0, unit: "cases" },
    value: callsAtOnce - most,
    measured: `${callsAtOnce - most}: ${formatCount(most)} at once, ${share.toFixed(0)} % of one core while they came and went`,
    samples: [most],
  };
}

async function measureWebhooks(bench: Bench, twins: SandboxProcess): Promise<Figure> {
  const samples: number[] = [];
  for (let round = 0; round <= bench.rounds; round++) {
    bench.step(`Round ${round} of ${bench.rounds}: sending webhooks`);
    await twins.begin(`webhooks ${round}`, 1_000);
    let heard = 0;
    twins.onCallback = () => {
      heard++;
    };
    const fromMs = performance.now();
    await times(messages, (index) =>
      twins.twilio("Messages", [
        ["To", numberOf(index)],
        ["Body", "Your table is free."],
        ["StatusCallback", hook],
      ]),
    );
    await until(() => heard >= messages * callbacksEach, "Not all webhooks came");
    // The first one compiles.
    if (round > 0) samples.push(((performance.now() - fromMs) * 500) / heard);
  }
  const each = median(samples);
  return {
    id: "sandbox-webhooks",
    what: "500 signed webhooks, with the requests that caused them",
    goal: { kind: "limit", most: 1_000, unit: "ms", statistic: "p50" },
    value: each,
    measured: `${Math.round(each)} ms, ${formatCount(500_000 / each)} a second`,
    samples,
  };
}

async function compareSpeeds(bench: Bench, twins: SandboxProcess): Promise<Figure> {
  const outcomes: Map<string, string[]>[] = [];
  for (const speed of comparedSpeeds) {
    bench.step(`${comparedCalls} calls at ×${speed}`);
    await twins.begin("the same", speed);
    outcomes.push(await outcomesOf(twins));
  }
  const [first, ...others] = outcomes;
  const different = others.flatMap((other) =>
    [...first!].filter(([call, heard]) => JSON.stringify(other.get(call)) !== JSON.stringify(heard)),
  );
  return {
    id: "sandbox-speed",
    what: "the same calls at ×1, ×10, ×100 and ×1000: outcomes that differ",
    goal: { kind: "limit", most: 0, unit: "cases" },
    value: different.length,
    measured: `${different.length} of ${comparedCalls * others.length}`,
    samples: [different.length],
  };
}

/** What the app heard of each call, in its order. */
async function outcomesOf(twins: SandboxProcess): Promise<Map<string, string[]>> {
  const heard = new Map<string, string[]>();
  let ended = 0;
  twins.onCallback = ({ params }: Callback) => {
    const call = params.get("CallSid")!;
    const told = ["CallStatus", "SequenceNumber", "CallDuration", "AnsweredBy"].map((name) =>
      params.get(name),
    );
    heard.set(call, [...(heard.get(call) ?? []), told.join(" ")]);
    if (params.get("CallStatus") === "completed") ended++;
  };
  for (let index = 0; index < comparedCalls; index++) await twins.phone(numberOf(index), 200 + index * 10);
  // One after the other, so that ids follow from the seed alone.
  for (let index = 0; index < comparedCalls; index++) {
    await twins.twilio("Calls", [
      ["To", numberOf(index)],
      ["MachineDetection", "Enable"],
      ["Twiml", `<Response><Say>Good day.</Say><Pause length="${1 + (index % 3)}"/></Response>`],
      ...statusCallback,
    ]);
  }
  await until(() => ended === comparedCalls, "Not all calls ended");
  return heard;
}

const numberOf = (index: number): string => `+1415555${String(2_000 + index).padStart(4, "0")}`;

/** A few at a time. */
async function times(count: number, make: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const work = async () => {
    while (next < count) await make(next++);
  };
  await Promise.all(Array.from({ length: inParallel }, work));
}

async function until(check: () => boolean, failure: string): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!check()) {
    if (performance.now() > deadline) throw new PeerFailedError(failure);
    await Bun.sleep(5);
  }
}
