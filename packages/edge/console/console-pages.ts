import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ConsoleBuilds, ConsoleFile, ConsoleManifest, FileHash, HomeLayout } from "@evenkeel/model";
import { chooseVariant } from "../files/accepted-coding.ts";
import { evaluateConditions } from "../files/conditions.ts";
import type { Exchange, HeaderPairs } from "../http/exchange.ts";

/** `up` may have brought another build; looked at no more often. */
const lookEveryMs = 1_000;

/** Nothing but the platform's own files runs or is asked, whatever a log line or a branch's name may hold. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join("; ");

const pageHeaders: HeaderPairs = [
  ["content-security-policy", policy],
  ["cross-origin-opener-policy", "same-origin"],
  ["permissions-policy", "camera=(), geolocation=(), microphone=(), payment=()"],
  ["cache-control", "no-cache"],
];

interface Found {
  path: string;
  file: ConsoleFile;
  isPage: boolean;
}

/** The console's pages, from files alone: they come up whether or not the control plane does. */
export class ConsolePages {
  private manifests: { folder: string; manifest: ConsoleManifest }[] = [];
  private builds = "";
  private lookedAtMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly layout: Pick<HomeLayout, "console" | "consoleBuilds">) {}

  /** Paths of the API, of status pages and of git repositories, and whatever is sent rather than asked for, are not the console's. */
  static serves({ method, path }: Pick<Exchange, "method" | "path">): boolean {
    if (method !== "GET" && method !== "HEAD") return false;
    return !/^\/(?:api|v1|metrics|status)(?:\/|$)/.test(path) && !/^\/[^/]+\.git(?:\/|$)/.test(path);
  }

  /** False: nothing is built, and nothing was answered. */
  async handle(exchange: Exchange): Promise<boolean> {
    const found = this.find(exchange.path);
    if (!found) return false;
    const { file, isPage } = found;
    const stored = (sizeBytes: number) => ({ hash: file.etag as FileHash, sizeBytes });
    const { coding } = chooseVariant(
      {
        ...{ ...stored(file.sizeBytes), contentType: file.contentType },
        encodings: {
          ...(file.encodings.gzip && { gzip: stored(file.encodings.gzip.sizeBytes) }),
          ...(file.encodings.br && { br: stored(file.encodings.br.sizeBytes) }),
        },
      },
      exchange.header("accept-encoding"),
    );
    const etag = coding === undefined ? file.etag : file.etag.replace(/"$/, `-${coding}"`);
    const headers: HeaderPairs = [
      ["etag", etag],
      ["vary", "accept-encoding"],
      ["x-content-type-options", "nosniff"],
      ["referrer-policy", "same-origin"],
      ...(isPage ? pageHeaders : ([["cache-control", cachingOf(exchange.path)]] as const)),
    ];
    if (evaluateConditions(undefined, exchange.header("if-none-match"), etag) === "not_modified") {
      exchange.respond(304, headers);
      return true;
    }
    const body = await readFile(coding === undefined ? found.path : `${found.path}.${coding}`);
    exchange.respond(
      200,
      [
        ["content-type", file.contentType],
        ...(coding === undefined ? [] : ([["content-encoding", coding]] as const)),
        ...headers,
      ],
      body,
    );
    return true;
  }

  /** Files of earlier builds, too: a page that was opened before an upgrade loads its parts as it needs them. */
  private find(path: string): Found | undefined {
    this.look();
    for (const { folder, manifest } of this.manifests) {
      const file = Object.hasOwn(manifest.files, path) && path !== manifest.page && manifest.files[path];
      if (file) return { path: join(folder, path), file, isPage: false };
    }
    const [newest] = this.manifests;
    // What looks like a file and is none must not be answered with a page.
    if (!newest || path.startsWith("/assets/")) return undefined;
    const { folder, manifest } = newest;
    return { path: join(folder, manifest.page), file: manifest.files[manifest.page]!, isPage: true };
  }

  private look(): void {
    const nowMs = performance.now();
    if (nowMs - this.lookedAtMs < lookEveryMs) return;
    this.lookedAtMs = nowMs;
    try {
      const text = readFileSync(this.layout.console, "utf8");
      if (text === this.builds) return;
      const { builds } = JSON.parse(text) as ConsoleBuilds;
      this.manifests = builds.flatMap((build) => {
        const folder = join(this.layout.consoleBuilds, build);
        try {
          const manifest = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")) as ConsoleManifest;
          return [{ folder, manifest }];
        } catch {
          return [];
        }
      });
      this.builds = text;
    } catch {
      // Not built yet; what was known stays.
    }
  }
}

const cachingOf = (path: string): string =>
  path.startsWith("/assets/") ? "public, max-age=31536000, immutable" : "public, max-age=3600";
