import { expect, test } from "bun:test";
import { LoadFailedError } from "../errors.ts";
import { parseWrkReport } from "./wrk-report.ts";

const clean = `Running 5s test @ http://127.0.0.1:7080/file.txt
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   741.07us  210.30us   9.71ms   93.40%
    Req/Sec    85.91k     3.02k   89.40k    90.00%
  Latency Distribution
     50%  750.00us
     75%  761.00us
     90%    0.86ms
     99%    1.52ms
  427442 requests in 5.00s, 512.00MB read
Requests/sec:  85481.33
Transfer/sec:    102.40MB
`;

test("the rate and the latencies are read, whatever their unit", () => {
  expect(parseWrkReport(clean)).toEqual({
    requests: 427_442,
    requestsPerSecond: 85_481.33,
    latencyMs: { p50: 0.75, p99: 1.52 },
    socketErrors: 0,
    statusErrors: 0,
  });
});

test("broken connections and refusals are counted, so that a fast failure never looks like a fast server", () => {
  const broken = clean.replace(
    "Requests/sec",
    "  Socket errors: connect 1, read 20, write 300, timeout 4000\n  Non-2xx or 3xx responses: 17\nRequests/sec",
  );
  expect(parseWrkReport(broken)).toMatchObject({ socketErrors: 4_321, statusErrors: 17 });
});

test("anything else is no report", () => {
  expect(() => parseWrkReport("unable to connect to 127.0.0.1:1 Connection refused\n")).toThrow(
    LoadFailedError,
  );
});
