import { type BucketsReply, type BucketsRequest, ReportedError } from "@evenkeel/model";
import { BlobsUnreachableError } from "../errors.ts";

const answerLimitMs = 60_000;
/** It is started again within this time, or something is wrong with it. */
const connectLimitMs = 10_000;
const retryMs = 100;

/** Control's side of `run/blobs-admin.sock`. Every request may be repeated, so one that did not get through is. */
export class BlobsLink {
  constructor(private readonly socketPath: string) {}

  /** @throws ReportedError with the code of the process that holds buckets; BlobsUnreachableError */
  async ask(request: BucketsRequest): Promise<BucketsReply> {
    const reply = await this.send(request, Date.now() + connectLimitMs);
    if (reply.error) throw new ReportedError(reply.error, "user");
    return reply;
  }

  private async send(request: BucketsRequest, untilMs: number): Promise<BucketsReply> {
    for (;;) {
      try {
        const response = await fetch("http://localhost/", {
          ...{ method: "POST", body: JSON.stringify(request), unix: this.socketPath },
          signal: AbortSignal.timeout(answerLimitMs),
        });
        return (await response.json()) as BucketsReply;
      } catch (cause) {
        if (Date.now() >= untilMs) throw new BlobsUnreachableError({ cause });
        await Bun.sleep(retryMs);
      }
    }
  }
}
