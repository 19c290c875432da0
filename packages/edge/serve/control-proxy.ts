import type { Exchange } from "../http/exchange.ts";
import { forward } from "../upstream/forward.ts";
import type { ForwardHandler } from "../upstream/forward-options.ts";
import { UpstreamOrigin } from "../upstream/origin.ts";
import { renderPlatformPage } from "./platform-page.ts";
import { untrustedHeaders } from "./request-headers.ts";
import { newRequestId } from "./request-id.ts";

/** Passes requests for the platform's own domain (console, API, git) to the control plane, streaming both ways without a limit of time. */
export class ControlProxy implements ForwardHandler {
  private readonly origin: UpstreamOrigin;

  constructor(socketPath: string) {
    this.origin = new UpstreamOrigin({ unix: socketPath }, { name: "the control plane" });
  }

  forward(exchange: Exchange): void {
    forward(exchange, this.origin, {
      dropHeaders: untrustedHeaders,
      setHeaders: [
        ["x-forwarded-for", exchange.remoteAddress || "127.0.0.1"],
        ["x-forwarded-host", exchange.hostPort],
        ["x-forwarded-proto", exchange.scheme],
      ],
      handler: this,
    });
  }

  onHead(): void {}

  onFailure(exchange: Exchange): void {
    const { headers, body } = renderPlatformPage(
      {
        status: 503,
        code: "CONTROL_UNAVAILABLE",
        title: "The control plane is away",
        message: "The control plane does not answer at the moment. Apps go on being served.",
        hint: "It is started again by itself within seconds; `evenkeel status` shows how it is.",
        requestId: newRequestId(),
      },
      exchange.header("accept"),
    );
    exchange.respond(503, [...headers, ["server", "Evenkeel"], ["retry-after", "2"]], body);
  }
}
