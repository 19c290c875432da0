import { readFile } from "node:fs/promises";
import {
  artifactFilePath,
  type HomeLayout,
  type PathRevalidated,
  type PathRevalidation,
  type ServedDeployment,
} from "@evenkeel/model";
import type { SourceAnswer } from "../images/image-sources.ts";
import type { HostLink } from "../link/host-link.ts";
import { bypassReason } from "../prerender/bypass.ts";
import { identifyPage } from "../prerender/page-identity.ts";
import { maxDurationS, type PageRenderer } from "../prerender/page-renderer.ts";
import type { Resolution } from "../routing/resolution.ts";
import type { RoutedRequest } from "../routing/router.ts";
import type { LoadedOutput, OutputCatalog } from "../state/output-catalog.ts";
import { fetchFunction } from "./function-fetch.ts";
import { type Origination, renderHeaders } from "./request-headers.ts";
import { newRequestId } from "./request-id.ts";

/** Requests of the platform itself to a deployment: pages that an app wants made anew, sources of images. */
export class InternalRequests {
  constructor(
    private readonly layout: HomeLayout,
    private readonly catalog: OutputCatalog,
    private readonly link: HostLink,
    private readonly renderer: PageRenderer,
  ) {}

  /** `POST /v1/revalidate` of the cache service. */
  async revalidatePath(deployment: ServedDeployment, wish: PathRevalidation): Promise<PathRevalidated> {
    const loaded = await this.catalog.load(deployment.output);
    const request = new InternalRequest(deployment, wish.path, wish.headers);
    const resolution = resolve(loaded, request);
    if (resolution.kind !== "prerender" || bypassReason(request, resolution.prerender) !== "revalidate") {
      const answer = await this.answer(deployment, loaded, request, resolution);
      return { status: answer.status, headers: {} };
    }
    const page = identifyPage(resolution, (name) => request.header(name));
    const rendering = await this.renderer.render(
      { deployment, loaded, resolution, page, origination: request.origination, onDemand: true },
      undefined,
    );
    if (rendering.kind === "page") {
      const { status } = rendering.answer.content;
      return { status, headers: { "x-vercel-cache": "REVALIDATED" } };
    }
    const status = rendering.kind === "failed" ? rendering.failure.status : rendering.answer.status;
    return { status, headers: { "x-vercel-cache": "MISS" } };
  }

  /** An image of the app itself, through its own routes. */
  async fetchLocal(
    deployment: ServedDeployment,
    loaded: LoadedOutput,
    target: string,
  ): Promise<SourceAnswer> {
    const request = new InternalRequest(deployment, target, { accept: "image/*,*/*;q=0.8" });
    return await this.answer(deployment, loaded, request, resolve(loaded, request));
  }

  private async answer(
    deployment: ServedDeployment,
    loaded: LoadedOutput,
    request: InternalRequest,
    resolution: Resolution,
  ): Promise<SourceAnswer> {
    if (resolution.kind === "file") {
      const body = await readFile(artifactFilePath(this.layout, resolution.file.hash));
      const { contentType } = resolution.file;
      return {
        status: resolution.status ?? 200,
        header: (name) => (name === "content-type" ? contentType : undefined),
        body,
      };
    }
    const fn =
      resolution.kind === "function" || resolution.kind === "prerender" ? resolution.function : undefined;
    if (fn === undefined) return { status: 404, header: () => undefined, body: new Uint8Array(0) };
    const { matchedPath, query } = resolution as Extract<Resolution, { kind: "function" }>;
    const durationS = maxDurationS(loaded, fn);
    const result = await fetchFunction(this.link, {
      deployment,
      function: fn,
      maxDurationS: durationS,
      method: "GET",
      target: query === "" ? request.path : `${request.path}?${query}`,
      headers: [
        ...renderHeaders(request.origination, deployment, { matchedPath, maxDurationS: durationS }),
        ...request.headers(),
      ],
    });
    if (result.kind === "failure") {
      return { status: result.failure.status, header: () => undefined, body: new Uint8Array(0) };
    }
    const { status, headers, body } = result.answer;
    return { status, header: (name) => headers.find(([other]) => other === name)?.[1], body };
  }
}

/** Middleware is for visitors. */
function resolve({ router }: LoadedOutput, request: RoutedRequest): Resolution {
  let resolution = router.resolve(request);
  for (let steps = 0; resolution.kind === "middleware" && steps < 8; steps++) {
    resolution = resolution.resume({ kind: "next", responseHeaders: [] });
  }
  return resolution;
}

class InternalRequest implements RoutedRequest {
  readonly method = "GET";
  readonly host: string;
  readonly hostPort: string;
  readonly path: string;
  readonly query: string;
  readonly origination: Origination;
  private readonly pairs: [name: string, value: string][];

  constructor(deployment: ServedDeployment, target: string, headers: Record<string, string>) {
    this.host = this.hostPort = deployment.host;
    const at = target.indexOf("?");
    this.path = at === -1 ? target : target.slice(0, at);
    this.query = at === -1 ? "" : target.slice(at + 1);
    this.pairs = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
    this.origination = {
      requestId: newRequestId(),
      hostPort: this.hostPort,
      scheme: "http",
      remoteAddress: "",
    };
  }

  header(name: string): string | undefined {
    return this.pairs.find(([other]) => other === name)?.[1];
  }

  headers(): [name: string, value: string][] {
    return this.pairs;
  }
}
