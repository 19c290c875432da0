import { type Attributes, textOf } from "../otlp/attributes.ts";
import type { Measurement } from "../otlp/metric-series.ts";

/** What an app used of a provider. */
export interface Usage {
  provider: string;
  /** The model, the kind of call; `""`: it does not say. */
  item: string;
  /** `input_tokens`, `output_tokens`, `minutes`, `calls`, …; `usd`: the app knows what it cost. */
  unit: string;
  quantity: number;
}

/** OpenTelemetry's own: https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics/ */
const tokenUsage = "gen_ai.client.token.usage";
/** A counter of anything else that is paid for, e.g. call minutes; attributes `provider`, `item`, `unit`. */
const otherUsage = "evenkeel.usage";
/** A counter in USD; attributes `provider`, `item`. */
const ownSpend = "evenkeel.spend";

const textLimit = 100;

/** What a measurement says was used; undefined where it is about something else. */
export function readUsage({ metric, unit, attributes, ...measured }: Measurement): Usage | undefined {
  const quantity =
    measured.kind === "histogram" ? measured.sum : measured.kind === "count" ? measured.value : undefined;
  if (quantity === undefined || !(quantity > 0)) return undefined;
  if (metric === tokenUsage) {
    const provider =
      text(attributes, "gen_ai.provider.name") || text(attributes, "gen_ai.system") || "unknown";
    const item = text(attributes, "gen_ai.response.model") || text(attributes, "gen_ai.request.model");
    return { provider, item, unit: `${text(attributes, "gen_ai.token.type") || "input"}_tokens`, quantity };
  }
  const usage = {
    provider: text(attributes, "provider") || "unknown",
    item: text(attributes, "item"),
    quantity,
  };
  if (metric === ownSpend) return { ...usage, unit: "usd" };
  if (metric === otherUsage)
    return { ...usage, unit: text(attributes, "unit") || unit.replace(/[{}]/g, "") || "units" };
  return undefined;
}

const text = (attributes: Attributes, name: string): string =>
  (textOf(attributes, name) ?? "").slice(0, textLimit);
