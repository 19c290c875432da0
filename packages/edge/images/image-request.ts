import type { ImagesConfig } from "@evenkeel/model";
import { ImageRequestError } from "../errors.ts";
import { isLocalImageAllowed, isRemoteImageAllowed } from "./source-patterns.ts";

export type OptimisedType = "image/avif" | "image/webp";

/** One image as a page asks for it, allowed by the configuration. */
export interface ImageRequest {
  /** Of this app (path and query) or of another host. */
  source: { local: string } | { remote: URL };
  /** Pixels; the image is never enlarged to it. */
  width: number;
  /** 1 to 100. */
  quality: number;
  /** The best type that both sides speak; `undefined`: the source's own. */
  type: OptimisedType | undefined;
}

const urlLimit = 3_072;

/**
 * Reads the query of `/_vercel/image` or `/_next/image` by the configuration of the output.
 *
 * @throws {ImageRequestError} with the messages of Next.js, which image components show.
 */
export function parseImageRequest(
  query: string,
  accept: string | undefined,
  config: ImagesConfig,
): ImageRequest {
  const parameters = new URLSearchParams(query);
  const source = readSource(single(parameters, "url", "url"), config);
  const width = readInteger(
    single(parameters, "w", "w"),
    '"w" parameter (width) must be an integer greater than 0',
  );
  if (!config.sizes.includes(width)) throw invalid(`"w" parameter (width) of ${width} is not allowed`);
  const qualityProblem = '"q" parameter (quality) must be an integer between 1 and 100';
  const quality = readInteger(single(parameters, "q", "q"), qualityProblem);
  if (quality > 100) throw invalid(qualityProblem);
  if (config.qualities && !config.qualities.includes(quality)) {
    throw invalid(`"q" parameter (quality) of ${quality} is not allowed`);
  }
  return { source, width, quality, type: preferredType(accept, config.formats ?? []) };
}

function readSource(url: string, config: ImagesConfig): ImageRequest["source"] {
  if (url.length > urlLimit) throw invalid('"url" parameter is too long');
  if (/^[\\/]{2}/.test(url)) throw invalid('"url" parameter cannot be a protocol-relative URL (//)');
  if (url.startsWith("/")) {
    const parsed = URL.parse(url, "http://n");
    if (parsed?.host !== "n") throw invalid('"url" parameter is invalid');
    if (/\/_(?:next|vercel)\/image(?:$|\/)/.test(decode(parsed.pathname))) {
      throw invalid('"url" parameter cannot be recursive');
    }
    if (!isLocalImageAllowed(config, url)) throw invalid('"url" parameter is not allowed');
    return { local: parsed.pathname + parsed.search };
  }
  const remote = URL.parse(url);
  if (!remote || !/^https?:$/.test(remote.protocol) || remote.username !== "" || remote.password !== "") {
    throw invalid('"url" parameter is invalid');
  }
  if (!isRemoteImageAllowed(config, remote)) throw invalid('"url" parameter is not allowed');
  remote.hash = "";
  return { remote };
}

function single(parameters: URLSearchParams, key: string, name: string): string {
  const values = parameters.getAll(key);
  const meaning = { w: " (width)", q: " (quality)" }[name] ?? "";
  if (values.length > 1) throw invalid(`"${name}" parameter${meaning} cannot be an array`);
  if (!values[0]) throw invalid(`"${name}" parameter${meaning} is required`);
  return values[0];
}

function readInteger(text: string, problem: string): number {
  const number = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (number === 0) throw invalid(problem);
  return number;
}

/** Only types that the client names count: `image/*` is what a browser without WebP sends as well. */
function preferredType(
  accept: string | undefined,
  formats: readonly OptimisedType[],
): OptimisedType | undefined {
  const weights = new Map<string, number>();
  for (const item of (accept ?? "").slice(0, 2_048).toLowerCase().split(",")) {
    const [type, ...parameters] = item.split(";").map((part) => part.trim());
    const weight = parameters.find((parameter) => parameter.startsWith("q="));
    weights.set(type!, weight ? Number(weight.slice(2)) || 0 : 1);
  }
  const weightOf = (type: OptimisedType) => weights.get(type) ?? 0;
  return formats.filter((type) => weightOf(type) > 0).sort((a, b) => weightOf(b) - weightOf(a))[0];
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw invalid('"url" parameter is invalid');
  }
}

const invalid = (message: string) => new ImageRequestError("INVALID_IMAGE_OPTIMIZE_REQUEST", message);
