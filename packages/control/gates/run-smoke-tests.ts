import { setTimeout as sleep } from "node:timers/promises";
import { formatDuration } from "@evenkeel/model";
import type { EdgeProbe } from "../edges/edge-probe.ts";
import { SmokeFailedError } from "../errors.ts";
import type { BuildLog } from "../logs/build-log.ts";
import { type Expectation, expectAnswer } from "./expect-answer.ts";
import type { ReleasePlan } from "./release-plan.ts";

/** An app may be busy with its own start for a moment. */
const attempts = 3;
const pauseMs = 500;

/** Asks a host for all that a plan wants to be answered there. Those that are commands are gates. @throws SmokeFailedError */
export async function runSmokeTests(
  edge: EdgeProbe,
  host: string,
  tests: ReleasePlan["smokeTests"],
  log: Pick<BuildLog, "note">,
  signal: AbortSignal,
): Promise<void> {
  for (const test of tests) if ("path" in test) await ask(edge, host, test, log, signal);
}

async function ask(
  edge: EdgeProbe,
  host: string,
  test: Expectation & { name: string },
  log: Pick<BuildLog, "note">,
  signal: AbortSignal,
): Promise<void> {
  const what = `${test.method} ${test.path}`;
  for (let attempt = 1; ; attempt++) {
    const { fault, latencyMs } = await expectAnswer(edge, host, test, signal);
    if (fault === undefined)
      return log.note(`${test.name}: ${what} is as expected after ${formatDuration(latencyMs)}`);
    if (attempt >= attempts)
      throw new SmokeFailedError(`${test.name}: ${what} at ${host} ${fault}, ${attempts} times in a row`, {
        hint: "What answered before still does.",
      });
    log.note(`${test.name}: ${what} ${fault}`);
    await sleep(pauseMs * attempt, undefined, { signal });
  }
}
