import { type HomeLayout, isProbeMark, probeHeader } from "@evenkeel/model";
import type { FileServer } from "../files/file-server.ts";
import type { Exchange, HeaderPairs } from "../http/exchange.ts";
import type { ImageService } from "../images/image-service.ts";
import { serveImage } from "../images/serve-image.ts";
import type { HostLink } from "../link/host-link.ts";
import type { Measures } from "../measure/measures.ts";
import type { PageCache } from "../prerender/page-cache.ts";
import type { PageRenderer } from "../prerender/page-renderer.ts";
import { answerHeaders } from "../routing/answer-headers.ts";
import type {
  AnswerHeaders,
  FileResolution,
  ImageResolution,
  Resolution,
  StatusResolution,
} from "../routing/resolution.ts";
import type { LoadedOutput, OutputCatalog } from "../state/output-catalog.ts";
import type { ServingTable, Site } from "../state/serving-table.ts";
import { answerWithPlatformPage, notFound } from "./error-answers.ts";
import { ExternalProxy } from "./external-proxy.ts";
import { FunctionAnswers } from "./function-answers.ts";
import type { FunctionFailure } from "./function-failure.ts";
import type { InternalRequests } from "./internal-requests.ts";
import { PageAnswers } from "./page-answers.ts";
import { asksForHashedAsset, findPreviousAsset, hasFile } from "./previous-assets.ts";
import { RequestState } from "./request-state.ts";
import type { ResponseCache } from "./response-cache.ts";
import { pageResumer } from "./resume-page.ts";
import type { ServedSite, ServedSites } from "./served-site.ts";
import { WebAnswers } from "./web-answers.ts";

export interface DispatcherParts {
  layout: HomeLayout;
  /** Contents of `HomeLayout.scheduleKey`. */
  scheduleKey: Uint8Array;
  /** Contents of `HomeLayout.probeKey`. */
  probeKey: Uint8Array;
  table: ServingTable;
  catalog: OutputCatalog;
  sites: ServedSites;
  measures: Measures;
  link: HostLink;
  files: FileServer;
  images: ImageService;
  pages: PageCache;
  renderer: PageRenderer;
  responses: ResponseCache;
  internal: InternalRequests;
}

/** Answers requests to deployments: routes decide, one method per kind of resolution carries it out. */
export class Dispatcher {
  private readonly functions: FunctionAnswers;
  private readonly pages: PageAnswers;
  private readonly proxy: ExternalProxy;
  private readonly web: WebAnswers;

  constructor(private readonly parts: DispatcherParts) {
    const { link, responses, layout, pages, renderer, scheduleKey } = parts;
    const onFailure = this.fail.bind(this);
    this.functions = new FunctionAnswers({
      scheduleKey,
      link,
      responses,
      onNext: this.goOn.bind(this),
      onFailure,
    });
    this.pages = new PageAnswers({
      layout,
      pages,
      renderer,
      onFunction: (exchange, state, resolution, cache) =>
        this.functions.call(exchange, state, resolution, resolution.function!, cache),
      onFailure,
      resume: pageResumer(link),
    });
    this.proxy = new ExternalProxy(onFailure);
    this.web = new WebAnswers(link, onFailure);
  }

  handle(exchange: Exchange, site: Site): void | Promise<void> {
    const served = this.parts.sites.of(site);
    const loaded = this.parts.catalog.get(site.deployment.output);
    if (loaded) return this.begin(exchange, served, loaded);
    return this.parts.catalog.load(site.deployment.output).then((read) => this.begin(exchange, served, read));
  }

  private begin(exchange: Exchange, served: ServedSite, loaded: LoadedOutput): void | Promise<void> {
    const isProbe = this.isProbe(exchange);
    const state = new RequestState(served, loaded, isProbe);
    exchange.context = state;
    // One whose client left while the output was read has ended already.
    if (!exchange.aborted && !isProbe) this.parts.measures.begin(served.measure);
    const { site } = served;
    if (site.previous?.length && asksForHashedAsset(exchange) && !hasFile(loaded, exchange.path)) {
      return this.serveFromPrevious(exchange, state, site);
    }
    return this.act(exchange, state, loaded.router.resolve(exchange));
  }

  private isProbe(exchange: Exchange): boolean {
    const mark = exchange.header(probeHeader);
    return mark !== undefined && isProbeMark(this.parts.probeKey, exchange.host, mark);
  }

  private async serveFromPrevious(exchange: Exchange, state: RequestState, site: Site): Promise<void> {
    const { table, catalog } = this.parts;
    const found = await findPreviousAsset(
      exchange,
      site,
      (id) => table.deployment(id),
      (deployment) => catalog.load(deployment.output),
    );
    await this.act(exchange, state, found ?? state.loaded.router.resolve(exchange));
  }

  private act(exchange: Exchange, state: RequestState, resolution: Resolution): void | Promise<void> {
    switch (resolution.kind) {
      case "file":
        return this.serveFile(exchange, state, resolution);
      case "prerender":
        return this.pages.answer(exchange, state, resolution);
      case "function":
        return this.functions.answer(exchange, state, resolution);
      case "middleware":
        return this.functions.runMiddleware(exchange, state, resolution);
      case "web":
        return this.web.answer(exchange, state, resolution);
      case "proxy":
        return this.proxy.forward(exchange, state, resolution);
      case "image":
        return this.serveImage(exchange, state, resolution);
      case "redirect":
        return respond(exchange, state, resolution.status, resolution, "Redirecting...\n", [
          ["location", resolution.location],
        ]);
      case "status":
        return this.answerStatus(exchange, state, resolution);
    }
  }

  /** After a middleware: its answer was read in a callback, so nobody else hears of an error. */
  private goOn(exchange: Exchange, state: RequestState, resolution: Resolution): void {
    void (async () => this.act(exchange, state, resolution))().catch((error) => {
      console.error(`edge: ${exchange.method} ${exchange.path} at ${state.deployment.id} failed:`, error);
      if (exchange.answered) exchange.destroy();
      else answerWithPlatformPage(exchange, state, internalError);
    });
  }

  private serveFile(
    exchange: Exchange,
    state: RequestState,
    resolution: FileResolution,
  ): void | Promise<void> {
    return this.parts.files.serve(exchange, resolution, [
      ["x-vercel-id", state.requestId],
      ...state.served.ownHeaders,
    ]);
  }

  private serveImage(exchange: Exchange, state: RequestState, resolution: ImageResolution): Promise<void> {
    const { deployment, loaded, requestId, served } = state;
    const query = {
      query: resolution.query,
      config: loaded.output.images!,
      scope: loaded.output.id,
      fetchLocal: (target: string) => this.parts.internal.fetchLocal(deployment, loaded, target),
    };
    return serveImage(exchange, this.parts.images, query, resolution, [
      ["x-vercel-id", requestId],
      ...served.ownHeaders,
    ]);
  }

  private answerStatus(exchange: Exchange, state: RequestState, resolution: StatusResolution): void {
    const { status, code } = resolution;
    if (state.failure) answerWithPlatformPage(exchange, state, state.failure);
    else if (status === 404) answerWithPlatformPage(exchange, state, notFound);
    else if (status < 400) respond(exchange, state, status, resolution, "", []);
    else {
      answerWithPlatformPage(exchange, state, {
        status,
        code: code === "" ? `STATUS_${status}` : code,
        message: "The routes of this deployment refuse this request.",
      });
    }
  }

  /** With the app's own error page where the output has one, else with the platform's. */
  private fail(exchange: Exchange, state: RequestState, failure: FunctionFailure): void {
    if (exchange.aborted) return;
    if (state.failure) {
      answerWithPlatformPage(exchange, state, state.failure);
      return;
    }
    state.failure = failure;
    const page = state.loaded.router.resolveError(exchange, failure.status);
    // While functions cannot be had, an error page that is one would only wait as well.
    const canBeHad = page.kind === "file" || failure.status === 500 || failure.status === 404;
    if (canBeHad && (page.kind === "file" || page.kind === "prerender" || page.kind === "function")) {
      this.goOn(exchange, state, page);
    } else answerWithPlatformPage(exchange, state, failure);
  }
}

const internalError: FunctionFailure = {
  status: 500,
  code: "INTERNAL_SERVER_ERROR",
  message: "The platform failed to answer this request.",
};

function respond(
  exchange: Exchange,
  state: RequestState,
  status: number,
  routed: AnswerHeaders,
  body: string,
  own: HeaderPairs,
): void {
  const headers: [string, string][] = [
    ["content-type", "text/plain"],
    ["cache-control", "public, max-age=0, must-revalidate"],
    ...own.map(([name, value]): [string, string] => [name, value]),
  ];
  exchange.respond(
    status,
    [...answerHeaders(headers, routed, false), ["x-vercel-id", state.requestId], ...state.served.ownHeaders],
    body,
  );
}
