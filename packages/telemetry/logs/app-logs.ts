import { type LogIntake, type LogSource, readLevel } from "@evenkeel/logs";
import type { AppName, DeploymentId } from "@evenkeel/model";
import type { Rejected } from "../otlp/encode-export.ts";
import type { OtlpSender } from "../otlp/otlp-intake.ts";
import type { AppLogRecord } from "../otlp/read-logs.ts";

/** A sender is not kept waiting for longer: a disk that is so slow is told of in the log itself. */
const writtenWithinMs = 5_000;
const sourcesKept = 1_000;

/** Log records that apps send, joined to the lines that their processes print: one log, one budget's rules, one search. */
export class AppLogs {
  /** One for each deployment: what is dropped is counted by it. */
  private readonly sources = new Map<string, LogSource>();

  constructor(private readonly intake: LogIntake) {}

  /** Resolves when the records are written down, so that an answer of success is not taken back by a crash. */
  async take(sender: OtlpSender, records: readonly AppLogRecord[]): Promise<Rejected> {
    const app = this.intake.app(sender.app as AppName);
    const source = this.sourceOf(sender);
    let dropped = 0;
    for (const record of records) if (!app.give(source, lineOf(record, sender.app))) dropped++;
    await Promise.race([this.intake.store.flush(app.app), Bun.sleep(writtenWithinMs)]);
    return {
      count: dropped,
      message: dropped === 0 ? "" : `${dropped} refused: the app's log takes ${app.limit}`,
    };
  }

  private sourceOf({ environment, deployment }: OtlpSender): LogSource {
    let source = this.sources.get(deployment);
    if (!source) {
      if (this.sources.size >= sourcesKept) this.sources.clear();
      source = { stream: "otlp", environment, deployment: deployment as DeploymentId };
      this.sources.set(deployment, source);
    }
    return source;
  }
}

/** Lines stand in the order in which they came; when the app says that it happened stands beside. */
function lineOf(record: AppLogRecord, app: string) {
  const { atMs, level, severity, body, service, traceId, spanId, attributes } = record;
  const said = level ?? readLevel(severity);
  const isObject = typeof body === "object" && !Array.isArray(body);
  return {
    text: typeof body === "string" ? body : isObject ? "" : JSON.stringify(body),
    ...(said && { level: said }),
    fields: {
      ...attributes,
      ...(isObject ? body : {}),
      recordedAt: new Date(atMs).toISOString(),
      ...(traceId && { traceId }),
      ...(spanId && { spanId }),
      ...(service !== undefined && service !== app && { service }),
    },
  };
}
