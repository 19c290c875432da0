import { InvalidValueError } from "@evenkeel/model";
import type { Provider } from "../provider/provider.ts";
import type { Fault, FaultRule } from "./fault-rule.ts";

export type NewFaultRule = Pick<FaultRule, "provider" | "fault" | "probability"> &
  Pick<Partial<FaultRule>, "key" | "match" | "times" | "replays">;

const longestMs = 10 * 60_000;

/** @throws InvalidValueError */
export function parseRule(body: unknown, providers: ReadonlyMap<string, Provider>): NewFaultRule {
  const given = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
  const provider = given["provider"] ?? "*";
  if (typeof provider !== "string" || (provider !== "*" && !providers.has(provider))) {
    throw new InvalidValueError(`There is no twin of ${JSON.stringify(provider)}`, {
      hint: `Use one of: ${[...providers.keys(), "*"].join(", ")}.`,
    });
  }
  const rule: NewFaultRule = {
    provider,
    fault: parseFault(given["fault"]),
    probability: number(given, "probability", 0, 1, 1),
  };
  for (const name of ["key", "match"] as const) {
    const value = given[name];
    if (value === undefined) continue;
    if (typeof value !== "string" || value.length > 500)
      throw new InvalidValueError(`A fault's ${name} is a text`);
    rule[name] = value;
  }
  if (given["times"] !== undefined) rule.times = number(given, "times", 1, 1_000_000, 1);
  return rule;
}

/** @throws InvalidValueError */
export function parseFault(value: unknown): Fault {
  const given = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
  const type = given["type"];
  switch (type) {
    case "latency":
      return { type, ms: number(given, "ms", 0, longestMs) };
    case "rate_limit":
      return { type, retryAfterSeconds: number(given, "retryAfterSeconds", 0, 86_400, 1) };
    case "server_error":
      return { type, status: number(given, "status", 500, 599, 500) };
    case "clock_skew":
      return { type, ms: number(given, "ms", -365 * 86_400_000, 365 * 86_400_000) };
    case "hang":
    case "drop":
    case "down":
    case "webhook_lost":
    case "webhook_duplicated":
    case "webhook_reordered":
      return { type };
    default:
      throw new InvalidValueError(`There is no fault ${JSON.stringify(type)}`, {
        hint: "Use one of: latency, rate_limit, server_error, hang, drop, down, webhook_lost, webhook_duplicated, webhook_reordered, clock_skew.",
      });
  }
}

function number(
  given: Record<string, unknown>,
  name: string,
  low: number,
  high: number,
  usual?: number,
): number {
  const value = given[name] ?? usual;
  if (typeof value !== "number" || !(value >= low && value <= high)) {
    throw new InvalidValueError(`A fault's ${name} is a number from ${low} to ${high}`);
  }
  return value;
}
