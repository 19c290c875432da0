import type { Bench } from "../bench.ts";
import { LoadFailedError } from "../errors.ts";
import { onCore } from "../machine/cores.ts";
import { toolPath, toolVersion } from "../machine/tools.ts";
import { parseWrkReport, type WrkReport } from "./wrk-report.ts";

/** Enough to keep one core of any server busy, few enough that none of them queues for long. */
const connections = 64;

/** One server under load. */
export interface Target {
  /** For people, and to find its figures. */
  name: string;
  port: number;
  /** With the slash. */
  path: string;
  /** `host` header; default the address. */
  host?: string;
  /** Of wrk, with its arguments, instead of one request over and over. */
  script?: { path: string; arguments: string[] };
}

/**
 * Loads a server from one thread on the load's core, over connections that are kept.
 *
 * @throws LoadFailedError unless every request was answered well
 */
export async function runWrk(bench: Bench, target: Target, seconds: number): Promise<WrkReport> {
  bench.versions["wrk"] ??= toolVersion("wrk");
  const child = Bun.spawn(
    onCore(bench.cores.load, [
      toolPath("wrk"),
      "--threads=1",
      `--connections=${connections}`,
      `--duration=${seconds}s`,
      "--timeout=10s",
      "--latency",
      ...(target.host === undefined ? [] : [`--header=Host: ${target.host}`]),
      ...(target.script === undefined ? [] : [`--script=${target.script.path}`]),
      `http://127.0.0.1:${target.port}${target.path}`,
      ...(target.script === undefined ? [] : ["--", ...target.script.arguments]),
    ]),
    { stdin: "ignore", stdout: "pipe", stderr: "pipe", timeout: (seconds + 30) * 1_000 },
  );
  const [output, errors] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  const report = parseWrkReport(`${output}${errors}`);
  if (report.socketErrors > 0 || report.statusErrors > 0) {
    throw new LoadFailedError(
      `${target.name} broke ${report.socketErrors} connections and refused ${report.statusErrors} of ${report.requests} requests`,
    );
  }
  return report;
}
