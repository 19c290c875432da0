import type { ServedDeployment } from "@evenkeel/model";
import type { Span, SpanBatch } from "@evenkeel/model/link/span";
import { telemetryPaths } from "@evenkeel/model/link/telemetry-protocol";

const flushEveryMs = 1_000;
/** What waits while the process of telemetry is away; then the oldest go. */
const keptSpans = 5_000;
const answerLimitMs = 5_000;

/** Hands spans to the process of telemetry, in batches, while there are any. */
export class SpanSender {
  private batches: SpanBatch[] = [];
  private count = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly socketPath: string) {}

  add({ app, environment, id }: Pick<ServedDeployment, "app" | "environment" | "id">, spans: Span[]): void {
    this.batches.push({ app, environment, deployment: id, spans });
    this.count += spans.length;
    this.dropOldest();
    this.timer ??= setTimeout(() => void this.flush(), flushEveryMs);
  }

  async stop(): Promise<void> {
    if (this.timer === undefined) return;
    clearTimeout(this.timer);
    await this.flush();
    clearTimeout(this.timer);
  }

  private async flush(): Promise<void> {
    const batches = this.batches;
    this.batches = [];
    this.count = 0;
    this.timer = undefined;
    try {
      const { ok } = await fetch(`http://localhost${telemetryPaths.spans}`, {
        ...{ method: "POST", body: JSON.stringify(batches), unix: this.socketPath },
        signal: AbortSignal.timeout(answerLimitMs),
      });
      if (ok) return;
    } catch {
      // It is started again within seconds; spans wait so long.
    }
    this.batches = [...batches, ...this.batches];
    this.count = this.batches.reduce((sum, { spans }) => sum + spans.length, 0);
    this.dropOldest();
    this.timer ??= setTimeout(() => void this.flush(), flushEveryMs);
  }

  private dropOldest(): void {
    while (this.count > keptSpans) this.count -= this.batches.shift()!.spans.length;
  }
}
