import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

/** The codings that are made here; zstd gains nothing over brotli for pages and fewer clients take it. */
export type AnswerCoding = "br" | "gzip";

const compressBrotli = promisify(brotliCompress);
const compressGzip = promisify(gzip);

/** What a client takes, the better one first. */
const remembered = new Map<string, readonly AnswerCoding[]>();
const nothing: readonly AnswerCoding[] = [];

/** Reads `Accept-Encoding` (RFC 9110, section 12.5.3). Browsers send a handful of values: they are read once. */
export function acceptedCodings(header: string | undefined): readonly AnswerCoding[] {
  if (header === undefined) return nothing;
  let codings = remembered.get(header);
  if (!codings) {
    codings = readAccepted(header);
    if (remembered.size >= 256) remembered.clear();
    remembered.set(header, codings);
  }
  return codings;
}

function readAccepted(header: string): readonly AnswerCoding[] {
  const weights = new Map<string, number>();
  for (const part of header.toLowerCase().split(",")) {
    const [name, ...parameters] = part.split(";").map((each) => each.trim());
    const q = parameters.find((each) => each.startsWith("q="));
    if (name) weights.set(name === "x-gzip" ? "gzip" : name, q === undefined ? 1 : Number(q.slice(2)) || 0);
  }
  const weight = (name: string) => weights.get(name) ?? weights.get("*") ?? 0;
  return (["br", "gzip"] as const)
    .filter((coding) => weight(coding) > 0)
    .sort((one, other) => weight(other) - weight(one));
}

/** Whether bytes of this type become smaller. */
export const isCompressible = (contentType: string): boolean =>
  /^(?:text\/|application\/(?:json|javascript|xml|manifest\+json|ld\+json|wasm|x-javascript|[^;]*\+(?:json|xml))|image\/(?:svg\+xml|x-icon|bmp)|font\/(?:ttf|otf))/i.test(
    contentType,
  );

/**
 * Compresses on another thread. Quality 5 of brotli: a page that is rendered again each second must not cost a core (quality 11 takes a
 * hundred times as long for 10 % fewer bytes).
 */
export function compress(bytes: Uint8Array, coding: AnswerCoding): Promise<Buffer> {
  return coding === "br"
    ? compressBrotli(bytes, {
        params: {
          [constants.BROTLI_PARAM_QUALITY]: 5,
          [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
        },
      })
    : compressGzip(bytes, { level: 6 });
}
