import { z } from "zod";

/** Metrics that an app sends itself, by their names. */
export const metricsSchema = z.record(
  z.string().regex(/^[A-Za-z][\w.-]{0,99}$/, "is no name of a metric"),
  z.union([
    z.enum(["gauge", "count", "histogram"]),
    z.strictObject({
      kind: z.enum(["gauge", "count", "histogram"]),
      unit: z.enum(["share", "ms", "bytes", "count", "per_second", "micro_usd"]).optional(),
    }),
  ]),
);
