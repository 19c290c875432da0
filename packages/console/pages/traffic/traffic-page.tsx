import { useMemo, useState } from "react";
import { useAppEnvironment } from "../../api/environment.ts";
import { useApi } from "../../api/use-api.ts";
import { Empty, Fault } from "../../kit/answer.tsx";
import { Card, Stat, Stats } from "../../kit/card.tsx";
import { Chart, type ChartLine } from "../../kit/chart.tsx";
import { Choice } from "../../kit/field.tsx";
import { bytes, count, duration, share } from "../../kit/format.ts";
import { Page } from "../../kit/page.tsx";
import { EnvironmentChoice } from "../../shell/environment-choice.tsx";
import { Health } from "./health.tsx";
import { percentilesAt, ratesOf, sumOf, timesOf, valuesOf } from "./points.ts";
import { usePeriod } from "./use-period.ts";

const spans = [
  ["1h", "1 hour"],
  ["6h", "6 hours"],
  ["24h", "1 day"],
  ["7d", "1 week"],
  ["30d", "30 days"],
] as const;

// An app with few visitors has parts of a request a second.
const perSecond = (value: number): string =>
  `${value < 10 ? Number(value.toFixed(2)).toLocaleString("en-US") : count(value)}/s`;
const ms = (value: number): string => duration(value);
const cores = (value: number): string => `${value.toFixed(2)}`;
const amount = (value: number): string => bytes(value);
const plain = (value: number): string => (Number.isInteger(value) ? count(value) : value.toFixed(1));

export function TrafficPage() {
  const { app, environment } = useAppEnvironment();
  const [span, setSpan] = useState<(typeof spans)[number][0]>("1h");
  const { sinceMs, stepMs } = usePeriod(span);
  const of = { app, environment, sinceMs, stepMs };
  const keep = { keep: true };
  const requests = useApi("querySignal", { ...of, signal: "requests" }, keep);
  const errors = useApi("querySignal", { ...of, signal: "errors" }, keep).data;
  const clientErrors = useApi("querySignal", { ...of, signal: "client_errors" }, keep).data;
  const latency = useApi(
    "querySignal",
    { ...of, signal: "latency", percentiles: "0.5,0.95,0.99" },
    keep,
  ).data;
  const whole = useApi(
    "querySignal",
    { ...of, stepMs: 0, signal: "latency", percentiles: "0.5,0.95,0.99" },
    keep,
  ).data;
  const sent = useApi("querySignal", { ...of, signal: "response_bytes" }, keep).data;
  const memory = useApi("querySignal", { ...of, signal: "instance_memory" }, keep).data;
  const processor = useApi("querySignal", { ...of, signal: "instance_cpu" }, keep).data;
  const instances = useApi("querySignal", { ...of, signal: "instances" }, keep).data;
  const releases = useApi("listReleases", { app, environment, limit: 100 }).data;
  const marks = useMemo(
    () =>
      releases?.releases.map(({ version, createdAtMs }) => ({ atMs: createdAtMs, name: `v${version}` })) ??
      [],
    [releases],
  );
  const times = useMemo(() => timesOf(requests.data), [requests.data]);
  const all = sumOf(requests.data);
  const failed = sumOf(errors);
  const lines = useMemo<Record<string, ChartLine[]>>(
    () => ({
      requests: [
        { name: "requests", colour: "accent", points: ratesOf(requests.data), isFilled: true },
        { name: "4xx", colour: "warn", points: ratesOf(clientErrors) },
        { name: "5xx", colour: "bad", points: ratesOf(errors) },
      ],
      latency: [
        { name: "p50", colour: "accent", points: percentilesAt(latency, 0) },
        { name: "p95", colour: "info", points: percentilesAt(latency, 1) },
        { name: "p99", colour: "warn", points: percentilesAt(latency, 2) },
      ],
      sent: [{ name: "sent", colour: "info", points: ratesOf(sent), isFilled: true }],
      memory: [{ name: "memory", colour: "info", points: valuesOf(memory), isFilled: true }],
      processor: [{ name: "cores", colour: "accent", points: valuesOf(processor), isFilled: true }],
      instances: [{ name: "instances", colour: "accent", points: valuesOf(instances), isFilled: true }],
    }),
    [requests.data, errors, clientErrors, latency, sent, memory, processor, instances],
  );
  // Files alone need none.
  const hasInstances = (memory?.series.length ?? 0) > 0;
  const isEmpty = requests.data !== undefined && requests.data.series.length === 0;
  const common = { timesMs: times, marks, group: app };
  return (
    <Page
      title="Traffic"
      about="What the edges measured. Gaps are unknown, not zero; dashed lines are releases."
      actions={
        <>
          <EnvironmentChoice />
          <Choice
            label="Period"
            value={span}
            options={spans.map(([each]) => [each, each] as const)}
            onChange={setSpan}
          />
        </>
      }
    >
      {requests.error && <Fault fault={requests.error} onRetry={() => void requests.refetch()} />}
      {isEmpty ? (
        <section className="rounded-lg border border-line bg-panel">
          <Empty icon="chart" title="Nobody was here yet">
            <p>With the first request to {environment}, its measures stand here.</p>
          </Empty>
        </section>
      ) : (
        <>
          <Stats>
            <Stat label="Requests">{count(all)}</Stat>
            <Stat label="Errors (5xx)">{share(all ? (failed ?? 0) / all : undefined)}</Stat>
            <Stat label="p50">{duration(percentilesAt(whole, 0)[0] ?? undefined)}</Stat>
            <Stat label="p95">{duration(percentilesAt(whole, 1)[0] ?? undefined)}</Stat>
            <Stat label="p99">{duration(percentilesAt(whole, 2)[0] ?? undefined)}</Stat>
            <Stat label="Sent">{bytes(sumOf(sent))}</Stat>
          </Stats>
          {environment !== "preview" && <Health app={app} environment={environment} />}
          <div className="grid gap-5 lg:grid-cols-2">
            <Card title="Requests">
              <Chart label="Requests a second" {...common} lines={lines["requests"]!} format={perSecond} />
            </Card>
            <Card title="Latency">
              <Chart label="Latency" {...common} lines={lines["latency"]!} format={ms} />
            </Card>
            {hasInstances && (
              <>
                <Card title="Instances">
                  <Chart
                    label="Running instances"
                    {...common}
                    lines={lines["instances"]!}
                    format={plain}
                    heightPx={140}
                  />
                </Card>
                <Card title="Memory">
                  <Chart
                    label="Memory of all instances"
                    {...common}
                    lines={lines["memory"]!}
                    format={amount}
                    heightPx={140}
                  />
                </Card>
                <Card title="Processor" note="cores">
                  <Chart
                    label="Processor time"
                    {...common}
                    lines={lines["processor"]!}
                    format={cores}
                    heightPx={140}
                  />
                </Card>
              </>
            )}
            <Card title="Sent" note="a second">
              <Chart
                label="Bytes sent a second"
                {...common}
                lines={lines["sent"]!}
                format={amount}
                heightPx={140}
              />
            </Card>
          </div>
        </>
      )}
    </Page>
  );
}
