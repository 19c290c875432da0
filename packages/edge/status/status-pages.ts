import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Exchange } from "../http/exchange.ts";
import { renderPlatformPage } from "../serve/platform-page.ts";
import { newRequestId } from "../serve/request-id.ts";

/** Control writes the pages anew each minute; beyond this it is away. */
const staleMs = 150_000;
const stalePlace = "<!--stale-->";

const app = "[a-z0-9][a-z0-9-]{0,62}";
/** All files that there are, and nothing else that stands in the data directory. */
const paths = new RegExp(
  `^/(?:(${app})/)?(|history\\.atom|history\\.rss|incidents/[0-9]{1,15}|api/v2/[a-z-]+(?:/[a-z]+)?\\.json)$`,
);
const reserved = new Set(["api", "incidents", "subscriptions"]);

const types: Record<string, string> = {
  html: "text/html; charset=utf-8",
  json: "application/json; charset=utf-8",
  atom: "application/atom+xml; charset=utf-8",
  rss: "application/rss+xml; charset=utf-8",
};

/** Serves the status pages that control has written last, whether it lives or not. */
export class StatusPages {
  constructor(private readonly folder: string) {}

  async handle(exchange: Exchange): Promise<void> {
    const found = exchange.method === "GET" || exchange.method === "HEAD" ? fileOf(exchange.path) : undefined;
    if (found === "redirect") {
      exchange.respond(308, [["location", `${exchange.path}/`]], "");
      return;
    }
    const file = found && (await this.read(found));
    if (!file) return this.answerMissing(exchange);
    const kind = found.slice(found.lastIndexOf(".") + 1);
    exchange.respond(
      200,
      [
        ["content-type", types[kind]!],
        ["cache-control", "public, max-age=5"],
        ["last-modified", new Date(file.writtenAtMs).toUTCString()],
        ["x-evenkeel-as-of", new Date(file.writtenAtMs).toISOString()],
        ["server", "Evenkeel"],
        ["x-content-type-options", "nosniff"],
        ["referrer-policy", "no-referrer"],
        ...(kind === "html"
          ? [
              [
                "content-security-policy",
                "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
              ] as const,
            ]
          : [["access-control-allow-origin", "*"] as const]),
      ],
      kind === "html" ? withNotice(file, Date.now()) : file.text,
    );
  }

  private async read(path: string): Promise<StatusFile | undefined> {
    try {
      const whole = join(this.folder, path);
      const [text, { mtimeMs }] = await Promise.all([readFile(whole, "utf8"), stat(whole)]);
      return { text, writtenAtMs: mtimeMs, isFront: path.endsWith("index.html") };
    } catch (error) {
      if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
      throw error;
    }
  }

  private answerMissing(exchange: Exchange): void {
    const { headers, body } = renderPlatformPage(
      {
        ...{ status: 404, code: "NOT_FOUND", title: "Not found", requestId: newRequestId() },
        message: "There is no such status page.",
        hint: "The front page shows all that there are.",
      },
      exchange.header("accept"),
    );
    exchange.respond(404, [...headers, ["server", "Evenkeel"]], body);
  }
}

interface StatusFile {
  text: string;
  writtenAtMs: number;
  isFront: boolean;
}

/** Below the folder of pages; undefined for what is none. Pure. */
export function fileOf(path: string): string | "redirect" | undefined {
  const match = paths.exec(path);
  if (!match) {
    const name = path.slice(1);
    return new RegExp(`^${app}$`).test(name) && !reserved.has(name) ? "redirect" : undefined;
  }
  const [, page = "_all", rest] = match;
  if (reserved.has(page)) return undefined;
  if (rest === "") return `${page}/index.html`;
  return `${page}/${rest!.startsWith("incidents/") ? `${rest}.html` : rest}`;
}

function withNotice({ text, writtenAtMs, isFront }: StatusFile, nowMs: number): string {
  if (!isFront || nowMs - writtenAtMs < staleMs) return text;
  const since = new Date(writtenAtMs).toISOString().slice(0, 16).replace("T", " ");
  return text.replace(
    stalePlace,
    `<p class="stale" role="status">This page could not be brought up to date since ${since} UTC. What it shows is as of then.</p>`,
  );
}
