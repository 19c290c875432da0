import { chmodSync, rmSync } from "node:fs";
import type { EnvironmentName } from "@evenkeel/model";
import { errorJson } from "@evenkeel/model/errors";
import type { SpanBatch } from "@evenkeel/model/link/span";
import {
  type TelemetryReply,
  type TelemetryRequest,
  telemetryOwnerHeader,
  telemetryPaths,
} from "@evenkeel/model/link/telemetry-protocol";
import type { BeaconKind } from "../analytics/analytics-intake.ts";
import { beaconBytes, otlpBodyBytes } from "../intake-limits.ts";
import type { OtlpSender } from "../otlp/otlp-intake.ts";
import type { OtlpKind } from "../otlp/otlp-schema.ts";
import type { Telemetry } from "../telemetry.ts";

/** Answers on `run/telemetry.sock`: see `telemetry-protocol.ts`. */
export function startTelemetryServer(telemetry: Telemetry, socketPath: string): { stop(): Promise<void> } {
  rmSync(socketPath, { force: true });
  const server = Bun.serve({
    unix: socketPath,
    async fetch(request: Request) {
      const { pathname } = new URL(request.url);
      try {
        return await route(telemetry, request, pathname);
      } catch (error) {
        console.error(`telemetry: ${request.method} ${pathname} failed:`, error);
        return new Response("The telemetry could not be taken\n", {
          status: 503,
          headers: { "retry-after": "5" },
        });
      }
    },
    // A little more than the largest body, so that one too large is told so by us.
    maxRequestBodySize: otlpBodyBytes + 1024,
    development: false,
  });
  chmodSync(socketPath, 0o600);
  return { stop: () => server.stop(true) };
}

async function route(telemetry: Telemetry, request: Request, path: string): Promise<Response> {
  const [, area, ...rest] = path.split("/");
  switch (`/${area}`) {
    case telemetryPaths.otlp:
      return takeOtlp(telemetry, request, rest);
    case telemetryPaths.beacons:
      return request.method === "GET" ? sendScript(request, rest) : takeBeacon(telemetry, request, rest);
    case telemetryPaths.spans:
      await telemetry.takeSpans((await request.json()) as SpanBatch[]);
      return new Response(null, { status: 204 });
    case telemetryPaths.query:
      return Response.json(await answerQuery(telemetry, (await request.json()) as TelemetryRequest));
    default:
      return notFound();
  }
}

const notFound = () => new Response("There is nothing here\n", { status: 404 });

function ownerOf(request: Request): OtlpSender {
  const [app = "", environment = "", deployment = ""] = (
    request.headers.get(telemetryOwnerHeader) ?? ""
  ).split("/");
  return { app, environment: environment as EnvironmentName, deployment };
}

const kinds: readonly string[] = ["metrics", "logs", "traces"] satisfies OtlpKind[];

async function takeOtlp(
  telemetry: Telemetry,
  request: Request,
  [version, kind]: string[],
): Promise<Response> {
  if (version !== "v1" || !kinds.includes(kind!)) return notFound();
  if (request.method !== "POST") {
    return new Response("Telemetry is sent by POST\n", { status: 405, headers: { allow: "POST" } });
  }
  const { status, headers, body } = await telemetry.takeOtlp(
    ownerOf(request),
    {
      kind: kind as OtlpKind,
      contentType: request.headers.get("content-type") ?? "",
      contentEncoding: request.headers.get("content-encoding") ?? "",
      body: await request.bytes(),
    },
    Date.now(),
  );
  return new Response(body as Uint8Array<ArrayBuffer>, { status, headers });
}

async function sendScript(request: Request, [name, file]: string[]): Promise<Response> {
  if (file !== "script.js" || (name !== "insights" && name !== "speed-insights")) return notFound();
  const { browserScripts } = await import("../analytics/scripts.ts");
  const { source, etag } = browserScripts[name];
  const headers = { etag, "cache-control": "public, max-age=3600" };
  if (request.headers.get("if-none-match")?.includes(etag))
    return new Response(null, { status: 304, headers });
  return new Response(source, { headers: { ...headers, "content-type": "text/javascript; charset=utf-8" } });
}

const beacons: Record<string, BeaconKind> = {
  "insights/view": "view",
  "insights/event": "event",
  "speed-insights/vitals": "vitals",
};

async function takeBeacon(telemetry: Telemetry, request: Request, rest: string[]): Promise<Response> {
  const kind = beacons[rest.join("/")];
  if (!kind || request.method !== "POST") return notFound();
  const body = await request.bytes();
  if (body.length > beaconBytes) return new Response("The beacon is too large\n", { status: 413 });
  const { app, environment } = ownerOf(request);
  const host = (request.headers.get("x-forwarded-host") ?? "").replace(/:\d+$/, "");
  const sender = {
    ...{ app, environment },
    address: request.headers.get("x-forwarded-for") ?? "",
    userAgent: request.headers.get("user-agent") ?? "",
  };
  const { status, message } = await telemetry.takeBeacon(kind, body, host, sender, Date.now());
  return new Response(message, { status });
}

async function answerQuery(telemetry: Telemetry, request: TelemetryRequest): Promise<TelemetryReply> {
  try {
    return { answer: (await telemetry.answer(request)) ?? null };
  } catch (error) {
    return { error: errorJson(error) };
  }
}
