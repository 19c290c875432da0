import { within } from "../database.ts";
import { log } from "../log.ts";

/** How calling goes, over all organisations. */
interface Measured {
  concurrentCalls: number;
  ended: number;
  judged: number;
  succeeded: number;
  /** Ends of the last half hour of which the provider's message came, and all of them. */
  reported: number;
  expected: number;
}

async function measure(organisation: string, sinceMinutes: number): Promise<Measured> {
  return within(organisation, async (tx) => {
    const [row] = await tx<Measured[]>`
      SELECT count(*) FILTER (WHERE status IN ('INTENDED', 'UNCERTAIN', 'QUEUED', 'RINGING', 'IN_PROGRESS'))::int AS "concurrentCalls",
        count(*) FILTER (WHERE ended_at IS NOT NULL AND updated_at > now() - make_interval(mins => ${sinceMinutes}))::int AS ended,
        count(success) FILTER (WHERE updated_at > now() - interval '30 minutes')::int AS judged,
        count(*) FILTER (WHERE success AND updated_at > now() - interval '30 minutes')::int AS succeeded,
        count(*) FILTER (WHERE settled AND provider_call_id IS NOT NULL AND updated_at > now() - interval '30 minutes')::int AS expected,
        count(*) FILTER (WHERE settled AND provider_call_id IS NOT NULL AND updated_at > now() - interval '30 minutes' AND EXISTS (
          SELECT FROM call_events e WHERE e.cohort = c.cohort AND e.call_id = c.id AND e.fact ->> 'kind' = 'report'))::int AS reported
      FROM calls c WHERE cohort >= (now() - interval '2 months')::date
        AND (updated_at > now() - interval '30 minutes' OR status IN ('INTENDED', 'UNCERTAIN', 'QUEUED', 'RINGING', 'IN_PROGRESS'))`;
    return row!;
  });
}

/** Tells how calling goes to whoever collects OpenTelemetry's metrics here (`OTEL_EXPORTER_OTLP_ENDPOINT`); nobody, where that is not set. */
export async function sendMetrics(organisations: readonly string[]): Promise<void> {
  const endpoint = process.env["OTEL_EXPORTER_OTLP_ENDPOINT"];
  if (!endpoint) return;
  try {
    const all = await Promise.all(organisations.map((each) => measure(each, 1)));
    const sum = (name: keyof Measured) => all.reduce((total, each) => total + each[name], 0);
    const timeUnixNano = `${Date.now()}000000`;
    const gauge = (name: string, unit: string, value: number) => ({
      name,
      unit,
      gauge: { dataPoints: [{ asDouble: value, timeUnixNano }] },
    });
    const share = (name: string, part: number, whole: number) =>
      whole === 0 ? [] : [gauge(name, "1", part / whole)];
    const metrics = [
      gauge("concurrentCalls", "{call}", sum("concurrentCalls")),
      ...share("campaign_success_rate", sum("succeeded"), sum("judged")),
      ...share("webhook_delivery_success_rate", sum("reported"), sum("expected")),
      {
        name: "call_volume",
        unit: "{call}",
        sum: {
          aggregationTemporality: 1,
          isMonotonic: true,
          dataPoints: [
            { asInt: String(sum("ended")), timeUnixNano, startTimeUnixNano: `${Date.now() - 60_000}000000` },
          ],
        },
      },
    ];
    const response = await fetch(`${endpoint.replace(/\/+$/, "")}/v1/metrics`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...headersOf(process.env["OTEL_EXPORTER_OTLP_HEADERS"] ?? ""),
      },
      body: JSON.stringify({
        resourceMetrics: [
          {
            resource: {
              attributes: [
                {
                  key: "service.name",
                  value: { stringValue: process.env["OTEL_SERVICE_NAME"] ?? "autolynx" },
                },
              ],
            },
            scopeMetrics: [{ scope: { name: "autolynx" }, metrics }],
          },
        ],
      }),
      signal: AbortSignal.timeout(3_000),
    });
    if (!response.ok) throw new Error(`The collector answered ${response.status}`);
  } catch (error) {
    // Nobody is called more or less for it.
    log("warn", "Metrics were not sent", { error });
  }
}

/** `name=value,name=value`, percent-encoded: https://opentelemetry.io/docs/specs/otel/protocol/exporter/ */
function headersOf(text: string): Record<string, string> {
  return Object.fromEntries(
    text
      .split(",")
      .map((pair) => pair.split("="))
      .filter((pair) => pair.length >= 2)
      .map(([name, ...value]) => [name!.trim(), decodeURIComponent(value.join("=").trim())]),
  );
}
