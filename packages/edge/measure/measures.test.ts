import { expect, test } from "bun:test";
import { Histogram, type ServedDeployment, type SignalSample } from "@evenkeel/model";
import { Measures } from "./measures.ts";

const deployment = { id: "aaaaaaaaa", app: "shop", environment: "production" } as ServedDeployment;
const scope = { app: "shop", environment: "production", deployment: "aaaaaaaaa" } as const;

function start() {
  const told: SignalSample[][] = [];
  const measures = new Measures({ edge: "edge-0", onSecond: (samples) => told.push(samples) });
  return { told, measures, measure: measures.of(deployment) };
}

test("what was counted is told once, errors by their class, and counting begins again at zero", () => {
  const { told, measures, measure } = start();
  for (let request = 0; request < 5; request++) measures.begin(measure);
  measures.count(measure, 200, 1, 10, 1_000, undefined);
  measures.count(measure, 503, 2, 0, 100, "FUNCTION_THROTTLED");
  measures.count(measure, 500, 2, 0, 0, undefined);
  measures.count(measure, 0, 2, 0, 0, undefined);
  measures.count(measure, 404, 4, 0, 0, undefined);
  measure.prerenderHits++;
  measures.flush();
  measures.flush();
  const latency = Histogram.of([1, 2, 2, 2, 4]).toJSON();
  const counts = {
    requests: 5,
    client_errors: 2,
    request_bytes: 10,
    response_bytes: 1_100,
    prerender_hits: 1,
  };
  expect(told).toEqual([
    [
      { ...scope, counts, histograms: { latency } },
      { ...scope, detail: "edge-0", gauges: { in_flight: 5 } },
      { ...scope, detail: "FUNCTION_THROTTLED", counts: { errors: 1 } },
      { ...scope, detail: "app", counts: { errors: 1 } },
    ],
  ]);
});

test("a request that lasts is in flight in each second until it ends", () => {
  const { told, measures, measure } = start();
  measures.begin(measure);
  measures.flush();
  measures.flush();
  measures.count(measure, 200, 2_000, 0, 0, undefined);
  measures.flush();
  measures.flush();
  expect(told.map((samples) => samples[1]!.gauges!["in_flight"])).toEqual([1, 1, 1]);
  expect(told.map((samples) => samples[0]!.counts!["requests"])).toEqual([undefined, undefined, 1]);
});
