import process from "node:process";
import { setInterval } from "node:timers";
import { setTimeout as sleep } from "node:timers/promises";
import { EvenkeelError } from "@evenkeel/model/errors";
import type { Assignment, HostToLauncher } from "@evenkeel/model/link/instance-protocol";
import { BackgroundWork } from "./background-work.ts";
import { logError } from "./error-log.ts";
import { FunctionExitedError } from "./errors.ts";
import { openHostChannel } from "./host-channel.ts";
import { importError } from "./import-error.ts";
import { Instance } from "./instance.ts";
import { launcherFile } from "./launcher-file.ts";
import { preload } from "./preload.ts";
import { markLines, outliveReader, outputWritten } from "./printed-output.ts";
import { answerFault } from "./request/fault-answer.ts";
import { reportSpans } from "./request/function-span.ts";
import { hideInternalHeaders } from "./request/internal-request-headers.ts";

/**
 * The program inside each instance: starts without knowing its app, then becomes it.
 *
 * warm → loading → serving → stopping → (exit). `failed` is said only while loading; an exit while serving is the app's doing, an exit while
 * stopping is as it should be.
 */
let phase: "warm" | "loading" | "serving" | "stopping" | "crashing" = "warm";
let instance: Instance | undefined;
let assignment: Assignment | undefined;

// The app may replace it.
const exit: (code: number) => never = process.exit.bind(process);
/** Answers that were begun must reach the socket before the process ends, in milliseconds at most. */
const lastWordsMs = 500;
/** Without a host an instance serves until nobody has used it for so long, in milliseconds. */
const orphanIdleMs = 5_000;

const channel = openHostChannel(receive, () => void outliveHost());
const background = new BackgroundWork((pending) => channel.send({ type: "background", pending }));

hideInternalHeaders();
preload();
outliveReader();
markLines();
process.on("uncaughtException", crash);
process.on("exit", nameExit);
channel.send({ type: "warm" });

function receive(message: HostToLauncher): void {
  if (message.type === "assign") void start(message.assignment);
  else if (message.type === "ping") channel.send({ type: "pong" });
  else void stop(message.graceMs);
}

async function start(given: Assignment): Promise<void> {
  phase = "loading";
  assignment = given;
  try {
    instance = await Instance.start(given, background, channel.keepAlive);
  } catch (error) {
    fail(error);
    return;
  }
  phase = "serving";
  reportSpans((span) => channel.send({ type: "span", span }));
  channel.send({ type: "ready" });
}

function fail(error: unknown): void {
  logError(error instanceof EvenkeelError ? error.message : error);
  channel.send({ type: "failed", error: importError(error, assignment!.handler, assignment!.root) });
  leave(1);
}

async function stop(graceMs: number): Promise<void> {
  if (phase === "stopping") return;
  phase = "stopping";
  await instance?.shutdown(graceMs);
  await outputWritten(lastWordsMs);
  leave(0);
}

function leave(code: number): never {
  phase = "stopping";
  exit(code);
}

/** The host's restart must not take the app down: the edges still know this instance's socket. */
async function outliveHost(): Promise<void> {
  if (instance === undefined) leave(0);
  let received = instance.inFlight.receivedBytes();
  let idleSince = Date.now();
  setInterval(() => {
    const bytes = instance!.inFlight.receivedBytes();
    if (instance!.busy() || bytes !== received) idleSince = Date.now();
    received = bytes;
    if (Date.now() - idleSince > orphanIdleMs) void stop(0);
  }, 500);
}

/** After an exception that nobody caught nothing of the app can be trusted: whoever waits gets a 500, the host starts another. */
async function crash(error: unknown, origin: string): Promise<void> {
  // An app with its own handler has decided to go on.
  if (process.listenerCount("uncaughtException") > 1) return;
  if (phase === "loading") return fail(error);
  logError(origin === "unhandledRejection" ? "Unhandled rejection:" : "Uncaught exception:", error);
  if (phase === "crashing") return;
  if (phase !== "serving") leave(1);
  phase = "crashing";
  instance!.refuse();
  const answered = instance!.inFlight.responses().map((response) => {
    const sent = new Promise((resolve) => response.once("finish", resolve).once("close", resolve));
    answerFault(response, "function_threw");
    return sent;
  });
  await Promise.race([Promise.all(answered), sleep(lastWordsMs)]);
  leave(1);
}

/** `process.exit` by the app: says where it was called and answers whoever waits, which small writes still do in this turn. */
function nameExit(code: number): void {
  if (phase !== "loading" && phase !== "serving") return;
  const loading = phase === "loading";
  phase = "stopping";
  const calledAt = (new Error().stack ?? "")
    .split("\n")
    .slice(1)
    .filter((line) => !line.includes("node:") && !line.includes(launcherFile))
    .join("\n");
  logError(`The function called process.exit(${code})\n${calledAt}`);
  if (loading) {
    const error = new FunctionExitedError(
      `Importing ${assignment!.handler} ended the process: process.exit(${code}) was called\n${calledAt}`,
      { hint: "A function must not call process.exit; return or throw instead." },
    );
    channel.send({ type: "failed", error: error.toJSON() });
    return;
  }
  for (const response of instance!.inFlight.responses()) answerFault(response, "function_exited");
}
