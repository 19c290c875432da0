import { blobsPath, EvenkeelError, flagsPath, otlpPath, ownPathPrefix } from "@evenkeel/model";
import { ConsolePages } from "../console/console-pages.ts";
import type { Exchange } from "../http/exchange.ts";
import type { ServingTable, Site } from "../state/serving-table.ts";
import { StatusPages } from "../status/status-pages.ts";
import type { TelemetryGate } from "../telemetry/telemetry-gate.ts";
import { chooseSide } from "./canary-split.ts";
import type { Dispatcher } from "./dispatcher.ts";
import { answerMaintenance } from "./maintenance.ts";
import { renderPlatformPage } from "./platform-page.ts";
import { PlatformProxy } from "./platform-proxy.ts";
import { newRequestId } from "./request-id.ts";

export interface FrontDoorOptions {
  domain: string;
  controlSocket: string;
  blobsSocket: string;
  /** Folder of the status pages that control writes. */
  statusPages: string;
  console: ConsolePages;
  table: ServingTable;
  dispatcher: Dispatcher;
  /** Paths that begin with `flagsPath`. */
  flags: { handle(exchange: Exchange): Promise<void> };
  telemetry: Pick<TelemetryGate, "takeOtlp" | "takeBeacon">;
  /** What this edge says of itself. */
  health(): object;
}

/** Whether the edge lives. */
const healthPath = `${ownPathPrefix}edge`;

/** Names of this machine under which people look for the platform before they know its domain. */
const ownNames = new Set(["", "localhost", "127.0.0.1", "[::1]"]);

/** Where every request comes in: by its host it is for an app, for the platform itself, or for nobody. */
export class FrontDoor {
  /** API, git. */
  private readonly control: PlatformProxy;
  /** S3 for apps. */
  private readonly blobs: PlatformProxy;
  private readonly status: StatusPages;

  constructor(private readonly options: FrontDoorOptions) {
    this.status = new StatusPages(options.statusPages);
    this.control = new PlatformProxy({
      ...{ socketPath: options.controlSocket, name: "the control plane", code: "CONTROL_UNAVAILABLE" },
      message: "The control plane does not answer at the moment. Apps go on being served.",
    });
    this.blobs = new PlatformProxy({
      ...{ socketPath: options.blobsSocket, name: "the blob storage", code: "BLOBS_UNAVAILABLE" },
      message: "The blob storage does not answer at the moment. Nothing that it has acknowledged is lost.",
    });
  }

  handle(exchange: Exchange): void | Promise<void> {
    const { domain, table, dispatcher, flags, telemetry, health } = this.options;
    const { host, path } = exchange;
    const isOwn = path.startsWith(ownPathPrefix);
    if (isOwn && (path === flagsPath || path.startsWith(`${flagsPath}/`))) return flags.handle(exchange);
    if (isOwn && path.startsWith(`${blobsPath}/`)) return this.blobs.forward(exchange);
    if (isOwn && path.startsWith(`${otlpPath}/`)) return telemetry.takeOtlp(exchange);
    if (isOwn && path === healthPath) {
      exchange.respond(
        200,
        [
          ["content-type", "application/json"],
          ["cache-control", "no-store"],
        ],
        JSON.stringify(health()),
      );
      return;
    }
    const aliased = table.site(host);
    if (aliased) {
      const site = aliased.split === undefined ? aliased : chooseSide(exchange, aliased, aliased.split);
      // At their own names deployments go on: there operators look at them.
      const mode = aliased.previous && table.maintenance(aliased.deployment);
      if (mode && answerMaintenance(exchange, mode)) return;
      if (path.startsWith("/_vercel/") && telemetry.takeBeacon(exchange, site)) return;
      const pending = dispatcher.handle(exchange, site);
      return pending?.catch((error) => this.answerFault(exchange, site, error));
    }
    if (host === `status.${domain}`) {
      // Only these need control; all else is served without it.
      if (path === "/subscriptions" || path.startsWith("/subscriptions/"))
        return this.control.forward(exchange);
      return this.status.handle(exchange).catch((error) => {
        console.error(`edge: ${path} of the status page: ${tell(error)}`);
        exchange.destroy();
      });
    }
    if (host === domain || ownNames.has(host)) return this.answerOwn(exchange);
    this.answerUnknownHost(exchange);
  }

  /** The platform's own host: the console, and beside it the API that its pages ask. */
  private async answerOwn(exchange: Exchange): Promise<void> {
    if (!ConsolePages.serves(exchange)) return this.control.forward(exchange);
    if (await this.options.console.handle(exchange)) return;
    const requestId = newRequestId();
    const { headers, body } = renderPlatformPage(
      {
        ...{ status: 404, code: "NOT_FOUND", title: "Nothing is here", requestId },
        message: `The console has no "${exchange.path}".`,
        hint: "`evenkeel up` makes the console's pages; the API is at /api.",
      },
      exchange.header("accept"),
    );
    exchange.respond(404, [...headers, ["server", "Evenkeel"]], body);
  }

  /** The platform is at fault: a lost build output, a full disk. The log has what it was. */
  private answerFault(exchange: Exchange, { deployment }: Site, error: unknown): void {
    console.error(`edge: ${exchange.method} ${exchange.path} at ${deployment.id} failed: ${tell(error)}`);
    if (exchange.answered) {
      exchange.destroy();
      return;
    }
    const requestId = newRequestId();
    const { headers, body } = renderPlatformPage(
      {
        status: 500,
        code: error instanceof EvenkeelError ? error.code.toUpperCase() : "INTERNAL_SERVER_ERROR",
        title: "Internal Server Error",
        message: `The platform failed to answer for deployment ${deployment.id}.`,
        hint: error instanceof EvenkeelError ? error.hint : undefined,
        requestId,
      },
      exchange.header("accept"),
    );
    exchange.respond(
      500,
      [
        ...headers,
        ["server", "Evenkeel"],
        ["x-vercel-id", requestId],
        // A deploy's smoke test must see at once that this is the deployment, and that it cannot be served.
        ["x-evenkeel-deployment", deployment.id],
      ],
      body,
    );
  }

  private answerUnknownHost(exchange: Exchange): void {
    const { domain, table } = this.options;
    const requestId = newRequestId();
    // Before control has said anything, "unknown" would be a guess.
    const isEmpty = table.version === 0;
    const { headers, body } = renderPlatformPage(
      isEmpty
        ? {
            status: 503,
            code: "EDGE_STARTING",
            title: "Starting",
            message: `This edge does not know yet what to serve at "${exchange.host}".`,
            hint: "Try again in a moment; `evenkeel status` shows whether the control plane runs.",
            requestId,
          }
        : {
            status: 404,
            code: "DEPLOYMENT_NOT_FOUND",
            title: "Nothing is deployed here",
            message: `No app answers at "${exchange.host}".`,
            hint: `Check the name, deploy an app with \`evenkeel deploy\`, or see what runs with \`evenkeel list\`; apps are at <app>.${domain}.`,
            requestId,
          },
      exchange.header("accept"),
    );
    exchange.respond(
      isEmpty ? 503 : 404,
      [
        ...headers,
        ["server", "Evenkeel"],
        ["x-vercel-id", requestId],
        ...(isEmpty ? [["retry-after", "1"] as const] : []),
      ],
      body,
    );
  }
}

const tell = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);
