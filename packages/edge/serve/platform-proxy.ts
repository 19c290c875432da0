import type { Exchange, HeaderPairs } from "../http/exchange.ts";
import { forward } from "../upstream/forward.ts";
import type { ForwardHandler } from "../upstream/forward-options.ts";
import { UpstreamOrigin } from "../upstream/origin.ts";
import { renderPlatformPage } from "./platform-page.ts";
import { untrustedHeaders } from "./request-headers.ts";
import { newRequestId } from "./request-id.ts";

/** A process of the platform behind its edges. */
export interface ProxiedProcess {
  socketPath: string;
  /** In messages: `the control plane`. */
  name: string;
  /** Of the page when it does not answer. */
  code: string;
  message: string;
}

/** Passes requests to a process of the platform, streaming both ways without a limit of time. */
export class PlatformProxy implements ForwardHandler {
  private readonly origin: UpstreamOrigin;

  constructor(private readonly process: ProxiedProcess) {
    this.origin = new UpstreamOrigin({ unix: process.socketPath }, { name: process.name });
  }

  /** @param own what the process is told besides; by default it is asked for what the client asked for. */
  forward(exchange: Exchange, own: { target?: string; headers?: HeaderPairs } = {}): void {
    forward(exchange, this.origin, {
      ...(own.target !== undefined && { target: own.target }),
      dropHeaders: untrustedHeaders,
      setHeaders: [
        ["x-forwarded-for", exchange.remoteAddress || "127.0.0.1"],
        ["x-forwarded-host", exchange.hostPort],
        ["x-forwarded-proto", exchange.scheme],
        ...(own.headers ?? []),
      ],
      handler: this,
    });
  }

  onHead(): void {}

  onFailure(exchange: Exchange): void {
    const { headers, body } = renderPlatformPage(
      {
        status: 503,
        code: this.process.code,
        title: `${this.process.name.replace(/^./, (first) => first.toUpperCase())} is away`,
        message: this.process.message,
        hint: "It is started again by itself within seconds; `evenkeel status` shows how it is.",
        requestId: newRequestId(),
      },
      exchange.header("accept"),
    );
    exchange.respond(503, [...headers, ["server", "Evenkeel"], ["retry-after", "2"]], body);
  }
}
