import type { EnvironmentName } from "@evenkeel/model";
import type { FunctionSpan } from "@evenkeel/model/link/instance-protocol";
import { SpanSender } from "@evenkeel/telemetry/client/span-sender";
import type { Instance } from "./instance.ts";

/** An app can write to its launcher's descriptor what it likes: no edge samples more. */
const spansPerSecond = 100;

/** Hands on the spans that launchers tell. */
export class FunctionSpans {
  private readonly sender: SpanSender;
  private readonly counts = new WeakMap<Instance, { second: number; count: number }>();

  constructor(telemetrySocket: string) {
    this.sender = new SpanSender(telemetrySocket);
  }

  add(instance: Instance, environment: EnvironmentName, span: FunctionSpan): void {
    const second = Math.floor(Date.now() / 1_000);
    const counted = this.counts.get(instance);
    const count = counted?.second === second ? counted.count + 1 : 1;
    this.counts.set(instance, { second, count });
    if (count > spansPerSecond) return;
    const { traceId, spanId, parentId, name, startMs, durationMs, statusCode, isComplete } = span;
    const hasFailed = statusCode >= 500 || !isComplete;
    this.sender.add({ app: instance.plan.app, environment, id: instance.plan.deployment }, [
      {
        ...{ traceId, spanId, parentId, name, kind: "server", service: "function", startMs, durationMs },
        status: hasFailed ? "error" : "unset",
        ...(isComplete ? {} : { message: "The answer was cut off" }),
        attributes: {
          "http.response.status_code": statusCode,
          "faas.name": instance.plan.function.handler,
          "faas.instance": instance.id,
        },
      },
    ]);
  }

  stop(): Promise<void> {
    return this.sender.stop();
  }
}
