import { expect, test } from "bun:test";
import type { Span } from "@evenkeel/model/link/span";
import { assembleTrace } from "@evenkeel/telemetry/traces/assemble-trace";
import { drawWaterfall } from "./waterfall.ts";

const span = (
  spanId: string,
  parentId: string,
  startMs: number,
  durationMs: number,
  more: Partial<Span> = {},
): Span => ({
  ...{
    traceId: "a",
    spanId,
    parentId,
    name: spanId,
    kind: "internal",
    service: "shop",
    status: "unset",
    attributes: {},
  },
  ...{ startMs: 1_000 + startMs, durationMs },
  ...more,
});

test("each span has a line, indented below its parent, its bar where it was", () => {
  const trace = assembleTrace("a", [
    span("GET /", "", 0, 100, { service: "edge" }),
    span("handler", "GET /", 50, 50),
    span("query", "handler", 75, 0.2, { status: "error", name: "SELECT\x1b[2J" }),
  ]);
  expect(drawWaterfall(trace).split("\n")).toEqual([
    `edge · GET /             100 ms  │${"█".repeat(40)}│`,
    `  shop · handler          50 ms  │${" ".repeat(20)}${"█".repeat(20)}│`,
    `    ! shop · SELECT\ufffd[2J  0.2 ms  │${" ".repeat(30)}▏${" ".repeat(9)}│`,
  ]);
});
