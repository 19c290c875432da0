import { createHmac, timingSafeEqual } from "node:crypto";

/** What control says of a scheduled call, so that the edge lets the app see it. */
export interface ScheduleCall {
  /** The host name that is called; it holds at no other. */
  host: string;
  /** Name of the job. */
  job: string;
  /** The cron expression as it was declared. */
  schedule: string;
  /** The same for each call of one run. */
  executionId: string;
  scheduledAtMs: number;
}

/** From control to the edge; like all of its prefix never seen by an app, and taken off what comes from elsewhere. */
export const scheduleCallHeader = "x-evenkeel-schedule-call";

/** What the app sees of a scheduled call. The edge takes them off every other request. */
export const scheduleHeaders = {
  /** Vercel's own. */
  schedule: "x-vercel-cron-schedule",
  job: "x-schedule-name",
  executionId: "x-schedule-execution-id",
  /** ISO 8601. */
  scheduledAt: "x-schedule-time",
} as const;

/** @param key contents of `HomeLayout.scheduleKey` */
export function signScheduleCall(key: Uint8Array, call: ScheduleCall): string {
  const text = Buffer.from(JSON.stringify(call)).toString("base64url");
  return `${text}.${proof(key, text)}`;
}

/** The headers that a signed call is to have at `host`; none for a token that control did not make for it. */
export function readScheduleCall(
  key: Uint8Array,
  host: string,
  token: string,
): readonly (readonly [name: string, value: string])[] {
  const [text = "", given = ""] = token.split(".");
  const expected = Buffer.from(proof(key, text));
  const bytes = Buffer.from(given);
  if (bytes.length !== expected.length || !timingSafeEqual(bytes, expected)) return [];
  const call = JSON.parse(Buffer.from(text, "base64url").toString()) as ScheduleCall;
  if (call.host !== host) return [];
  return [
    [scheduleHeaders.schedule, call.schedule],
    [scheduleHeaders.job, call.job],
    [scheduleHeaders.executionId, call.executionId],
    [scheduleHeaders.scheduledAt, new Date(call.scheduledAtMs).toISOString()],
  ];
}

const proof = (key: Uint8Array, text: string): string =>
  createHmac("sha256", key).update(`schedule:${text}`).digest("base64url");
