import type { KnownSignal, SignalAnswer, SignalOverview, SignalSecond } from "@evenkeel/model";
import { z } from "zod";
import { appParams, environmentName } from "./parameters.ts";
import { json, stream, type TextReply, text } from "./route.ts";

const signalName = z.string().min(1).max(130);
const signalParams = z.object({ ...appParams.shape, signal: signalName });
const platformSignalParams = z.object({ signal: signalName });

/** Epoch milliseconds. */
const moment = z.coerce.number().int().nonnegative();

/** Shares separated by commas: `0.5,0.99`. */
const percentiles = z
  .string()
  .regex(
    /^(?:0(?:\.\d+)?|1(?:\.0+)?)(?:,(?:0(?:\.\d+)?|1(?:\.0+)?)){0,9}$/,
    "Write shares from 0 to 1: 0.5,0.99",
  )
  .transform((text) => text.split(",").map(Number))
  .optional();

const timeQuery = {
  /** Default: an hour before `untilMs`. */
  sinceMs: moment.optional(),
  /** Default: now. */
  untilMs: moment.optional(),
  /** Width of a bucket, a multiple of 1,000; 0: one bucket for all. Raised to what is still kept of that time. */
  stepMs: z.coerce.number().int().nonnegative().default(60_000),
  /** Of histograms; absent: the whole distribution. */
  percentiles,
  detail: z.string().max(200).optional(),
  /** One series for each of them; absent: one for all. */
  by: z.enum(["deployment", "detail"]).optional(),
};

/** What was measured: signals by their names, units and kinds in the catalogue. `null` in an answer is unknown, not zero. */
export const signalRoutes = {
  /** What is measured of the app, or was within a year. */
  listSignals: json<{ signals: KnownSignal[] }>()({
    method: "GET",
    path: "/api/apps/:app/signals",
    permission: "read",
    params: appParams,
    query: z.object({ environment: environmentName.optional() }),
  }),
  querySignal: json<SignalAnswer>()({
    method: "GET",
    path: "/api/apps/:app/signals/:signal",
    permission: "read",
    params: signalParams,
    query: z.object({
      ...timeQuery,
      environment: environmentName.default("production"),
      deployment: z.string().max(64).optional(),
    }),
  }),
  /** Each new second as it was measured, until the client leaves. */
  followSignals: stream<SignalSecond>()({
    method: "GET",
    path: "/api/apps/:app/seconds",
    permission: "read",
    params: appParams,
    query: z.object({
      environment: environmentName.optional(),
      /** Names separated by commas; absent: all. */
      signals: z.string().max(2_000).optional(),
    }),
  }),
  /** The newest of all apps. */
  overviewSignals: json<SignalOverview>()({
    method: "GET",
    path: "/api/signals",
    permission: "admin",
    query: z.object({ windowMs: z.coerce.number().int().min(1_000).max(600_000).default(10_000) }),
  }),
  /** In Prometheus' format, or OpenMetrics where that is accepted; with a token of some apps theirs alone. */
  scrapeSignals: text<TextReply>()({ method: "GET", path: "/metrics", permission: "metrics" }),
  /** Of the platform itself: its disk, its certificates. */
  queryPlatformSignal: json<SignalAnswer>()({
    method: "GET",
    path: "/api/signals/:signal",
    permission: "admin",
    params: platformSignalParams,
    query: z.object(timeQuery),
  }),
};
