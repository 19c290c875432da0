import { otlpPath, type ServedDeployment } from "@evenkeel/model";
import { telemetryOwnerHeader, telemetryPaths } from "@evenkeel/model/link/telemetry-protocol";
import type { Exchange } from "../http/exchange.ts";
import { PlatformProxy } from "../serve/platform-proxy.ts";
import type { ServingTable, Site } from "../state/serving-table.ts";

/** Before the paths that `@vercel/analytics` and `@vercel/speed-insights` talk to. */
const beaconPath = /^\/_vercel\/((?:speed-)?insights\/(?:script\.js|view|event|vitals))$/;

/**
 * The way to the process of telemetry. Here it is found out whose something is: of an app's processes by the key in their
 * `OTEL_EXPORTER_OTLP_HEADERS`, of pages by the host that they are at.
 */
export class TelemetryGate {
  private readonly telemetry: PlatformProxy;

  constructor(
    private readonly table: ServingTable,
    socketPath: string,
  ) {
    this.telemetry = new PlatformProxy({
      ...{ socketPath, name: "the telemetry", code: "TELEMETRY_UNAVAILABLE" },
      message: "Telemetry is not taken at the moment. Apps go on being served.",
    });
  }

  /** OTLP/HTTP, at any host. */
  takeOtlp(exchange: Exchange): void {
    const key = /^Bearer +(\S+)$/i.exec(exchange.header("authorization") ?? "")?.[1];
    // The index is by hash: how long a look-up takes says nothing about the key.
    const owner =
      key && this.table.deploymentByTelemetry(new Bun.CryptoHasher("sha256").update(key).digest("hex"));
    if (owner) this.pass(exchange, telemetryPaths.otlp + exchange.path.slice(otlpPath.length), owner);
    else {
      exchange.respond(
        401,
        [["content-type", "application/json"]],
        JSON.stringify({ code: 16, message: "The key in OTEL_EXPORTER_OTLP_HEADERS is not valid" }),
      );
    }
  }

  /** False: it is a path of the app's. */
  takeBeacon(exchange: Exchange, { deployment }: Site): boolean {
    const path = beaconPath.exec(exchange.path)?.[1];
    if (path === undefined) return false;
    this.pass(exchange, `${telemetryPaths.beacons}/${path}`, deployment);
    return true;
  }

  private pass(exchange: Exchange, target: string, { app, environment, id }: ServedDeployment): void {
    this.telemetry.forward(exchange, {
      target,
      headers: [[telemetryOwnerHeader, `${app}/${environment}/${id}`]],
    });
  }
}
