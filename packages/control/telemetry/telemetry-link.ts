import { ReportedError } from "@evenkeel/model";
import {
  type TelemetryReply,
  type TelemetryRequest,
  telemetryPaths,
} from "@evenkeel/model/link/telemetry-protocol";
import { TelemetryUnreachableError } from "../errors.ts";

const answerLimitMs = 30_000;
/** It is started again within this time, or something is wrong with it. */
const connectLimitMs = 5_000;
const retryMs = 100;

/** Control's side of `run/telemetry.sock`. Every request may be repeated, so one that did not get through is. */
export class TelemetryLink {
  constructor(private readonly socketPath: string) {}

  /**
   * @param Answer what the request is answered by: see `TelemetryRequest`
   * @throws ReportedError, TelemetryUnreachableError
   */
  async ask<Answer>(request: TelemetryRequest): Promise<Answer> {
    const untilMs = Date.now() + connectLimitMs;
    for (;;) {
      let reply: TelemetryReply;
      try {
        const response = await fetch(`http://localhost${telemetryPaths.query}`, {
          ...{ method: "POST", body: JSON.stringify(request), unix: this.socketPath },
          signal: AbortSignal.timeout(answerLimitMs),
        });
        reply = (await response.json()) as TelemetryReply;
      } catch (cause) {
        if (Date.now() >= untilMs) throw new TelemetryUnreachableError({ cause });
        await Bun.sleep(retryMs);
        continue;
      }
      if (reply.error) throw new ReportedError(reply.error, "user");
      return reply.answer as Answer;
    }
  }
}
