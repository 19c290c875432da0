import type { ImagesConfig } from "@evenkeel/model";
import { ImageRequestError } from "../errors.ts";
import { evaluateConditions } from "../files/conditions.ts";
import type { Exchange, HeaderPairs } from "../http/exchange.ts";
import { answerHeaders } from "../routing/answer-headers.ts";
import type { AnswerHeaders } from "../routing/resolution.ts";
import type { CachedImage } from "./image-cache.ts";
import type { FoundImage, ImageQuery, ImageService } from "./image-service.ts";

type ImageExchange = Pick<Exchange, "method" | "header" | "respond">;

/**
 * Answers an exchange with an optimised image, or with why there is none (`x-vercel-error` has the code).
 *
 * @param answer what routes put on the answer.
 * @param extraHeaders of this very answer (`x-vercel-id`).
 */
export async function serveImage(
  exchange: ImageExchange,
  service: ImageService,
  query: Omit<ImageQuery, "accept">,
  answer: AnswerHeaders,
  extraHeaders: HeaderPairs = [],
): Promise<void> {
  try {
    if (exchange.method !== "GET" && exchange.method !== "HEAD") {
      throw new ImageRequestError("INVALID_REQUEST_METHOD", "Images are only got");
    }
    const found = await service.find({ ...query, accept: exchange.header("accept") });
    answerImage(exchange, found, query.config, answer, extraHeaders);
  } catch (error) {
    if (!(error instanceof ImageRequestError)) throw error;
    const headers: [string, string][] = [
      ["content-type", "text/plain; charset=utf-8"],
      ["cache-control", "public, max-age=0, must-revalidate"],
      ["x-vercel-error", error.clientCode],
    ];
    if (error.status === 405) headers.push(["allow", "GET, HEAD"]);
    if (error.status === 503) headers.push(["retry-after", "1"]);
    exchange.respond(
      error.status,
      [...headers, ...extraHeaders],
      `${error.message}\n\n${error.clientCode}\n`,
    );
  }
}

function answerImage(
  exchange: ImageExchange,
  { image, cache }: FoundImage,
  config: ImagesConfig,
  answer: AnswerHeaders,
  extraHeaders: HeaderPairs,
): void {
  const own: [string, string][] = [
    ["cache-control", "public, max-age=0, must-revalidate"],
    ["etag", image.etag],
    ["vary", "accept"],
    ["x-vercel-cache", cache],
    // An SVG is a document that can run scripts; nothing served here may.
    [
      "content-security-policy",
      config.contentSecurityPolicy ?? "script-src 'none'; frame-src 'none'; sandbox;",
    ],
    ["x-content-type-options", "nosniff"],
  ];
  const unchanged =
    evaluateConditions(undefined, exchange.header("if-none-match"), image.etag) === "not_modified";
  if (!unchanged) {
    own.push(["content-type", image.type], ["content-disposition", disposition(image, config)]);
    if (exchange.method === "HEAD") own.push(["content-length", String(image.bytes.length)]);
  }
  const headers = [...answerHeaders(own, answer, false), ...extraHeaders];
  const body = unchanged || exchange.method === "HEAD" ? undefined : image.bytes;
  exchange.respond(unchanged ? 304 : 200, headers, body);
}

function disposition({ name, type }: CachedImage, config: ImagesConfig): string {
  const extension = type
    .slice("image/".length)
    .replace("svg+xml", "svg")
    .replace("x-icon", "ico")
    .replace("x-icns", "icns");
  const plain = name.replace(/[^A-Za-z0-9._-]/g, "_");
  return `${config.contentDispositionType ?? "inline"}; filename="${plain === "" ? "image" : plain}.${extension}"`;
}
