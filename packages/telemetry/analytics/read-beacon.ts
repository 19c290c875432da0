import { createHash } from "node:crypto";
import { z } from "zod";
import { BeaconMalformedError } from "../errors.ts";

/** A page view, or an event that the page named. */
export interface Visit {
  /** Of this beacon; sent again it is the same. */
  id: string;
  kind: "view" | "event";
  path: string;
  /** The framework's pattern, `/posts/[id]`; the path where there is none. */
  route: string;
  /** Host name; `""`: came by itself or from the same site. */
  referrer: string;
  /** Of an event. */
  name: string;
  data: Record<string, string | number | boolean | null>;
}

export const vitalNames = ["LCP", "INP", "CLS", "FCP", "TTFB"] as const;
export type VitalName = (typeof vitalNames)[number];

export interface Vital {
  id: string;
  name: VitalName;
  /** Milliseconds; of CLS without unit. */
  value: number;
}

export interface PageVitals {
  path: string;
  route: string;
  vitals: Vital[];
}

const text = (limit: number) => z.string().max(limit);
const flatValue = z.union([text(500), z.number(), z.boolean(), z.null()]);
const visitBody = z.object({
  id: text(64).nullish(),
  o: text(4_096),
  r: text(4_096).nullish(),
  dp: text(512).nullish(),
  en: text(255).nullish(),
  ed: z.record(text(255), flatValue).nullish(),
});
const vitalsBody = z.object({
  href: text(4_096),
  route: text(512).nullish(),
  metrics: z
    .array(z.object({ id: text(64).min(1), name: z.string(), value: z.number().min(0).max(3_600_000) }))
    .max(20),
});

const propertyLimit = 32;
const pathLimit = 512;

/**
 * What `/_vercel/insights/view` and `/event` get, in the words of Vercel's own script.
 *
 * @param host that the page was asked at: a beacon of another site's page is refused
 * @throws BeaconMalformedError
 */
export function readVisit(kind: Visit["kind"], body: Uint8Array, host: string): Visit {
  const { id, o, r, dp, en, ed } = parse(visitBody, body);
  const path = pathOf(o, host);
  if (kind === "event" && !en) throw new BeaconMalformedError("an event needs a name (en)");
  const data = kind === "event" ? (ed ?? {}) : {};
  if (Object.keys(data).length > propertyLimit) {
    throw new BeaconMalformedError(`an event may have ${propertyLimit} properties`);
  }
  const name = kind === "event" ? en! : "";
  return {
    id: id || digestOf(body),
    kind,
    path,
    route: dp || path,
    referrer: referrerOf(r ?? "", host),
    name,
    data,
  };
}

/** What `/_vercel/speed-insights/vitals` gets. Values of other names are left out: newer scripts may send more. @throws BeaconMalformedError */
export function readVitals(body: Uint8Array, host: string): PageVitals {
  const { href, route, metrics } = parse(vitalsBody, body);
  const path = pathOf(href, host);
  const isKnown = (metric: { name: string }): metric is Vital =>
    vitalNames.includes(metric.name as VitalName);
  return { path, route: route || path, vitals: metrics.filter(isKnown) };
}

function parse<Shape extends z.ZodType>(shape: Shape, body: Uint8Array): z.output<Shape> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    throw new BeaconMalformedError("it is not JSON");
  }
  const read = shape.safeParse(value);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw new BeaconMalformedError(`${issue!.path.join(".") || "the body"}: ${issue!.message}`);
}

/** Other scripts send no id, but the time. */
const digestOf = (body: Uint8Array): string =>
  createHash("sha256").update(body).digest("base64url").slice(0, 22);

/** Without query and hash, where personal data may stand. */
function pathOf(href: string, host: string): string {
  const url = URL.parse(href);
  if (!url || url.hostname !== host) throw new BeaconMalformedError(`it is not of a page at ${host}`);
  return url.pathname.slice(0, pathLimit);
}

function referrerOf(referrer: string, host: string): string {
  const from = URL.parse(referrer)?.hostname ?? "";
  return from === host ? "" : from.replace(/^www\./, "");
}
