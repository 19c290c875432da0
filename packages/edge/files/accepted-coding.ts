import type { ContentCoding, StaticFile, StoredFile } from "@evenkeel/model";

/** Weights of one `accept-encoding`; 0 refuses. */
type Weights = (coding: string) => number;

/** Clients send few different values; each is parsed once. */
const parsed = new Map<string, Weights>();
const rememberedValues = 256;

const nothingElse: Weights = () => 0;

/** The bytes that answer, and their coding; `undefined` stands for identity. */
export interface Variant {
  coding: ContentCoding | undefined;
  stored: StoredFile;
}

/**
 * The variant of a file that the client wants most (RFC 9110, 12.5.3); of equally wanted ones the smallest. Where nothing is acceptable the file
 * is sent as it is, as the RFC allows: a client that can use it is better served than by a 406.
 */
export function chooseVariant(file: StaticFile, acceptEncoding: string | undefined): Variant {
  const identity: Variant = { coding: undefined, stored: file };
  if (!file.encodings || acceptEncoding === undefined) return identity;
  const weights = weightsOf(acceptEncoding);
  let best = identity;
  let bestWeight = weights("identity");
  for (const coding in file.encodings) {
    const stored = file.encodings[coding as ContentCoding]!;
    const weight = weights(coding);
    if (weight === 0 || weight < bestWeight) continue;
    if (weight > bestWeight || stored.sizeBytes < best.stored.sizeBytes) {
      best = { coding: coding as ContentCoding, stored };
      bestWeight = weight;
    }
  }
  return best;
}

function weightsOf(header: string): Weights {
  const known = parsed.get(header);
  if (known) return known;
  if (parsed.size >= rememberedValues) parsed.clear();
  const weights = header.length > 1_024 ? nothingElse : parse(header);
  parsed.set(header, weights);
  return weights;
}

function parse(header: string): Weights {
  const given = new Map<string, number>();
  for (const item of header.toLowerCase().split(",")) {
    const [name, ...parameters] = item.split(";").map((part) => part.trim());
    const weight = parameters.find((parameter) => parameter.startsWith("q="));
    // A weight that is no number must not turn a coding on.
    if (name) given.set(name === "x-gzip" ? "gzip" : name, weight ? clamp(Number(weight.slice(2))) : 1);
  }
  const rest = given.get("*");
  // Identity is acceptable unless it is refused, by name or by `*`; wanted least unless it is named.
  return (coding) => given.get(coding) ?? rest ?? (coding === "identity" ? Number.MIN_VALUE : 0);
}

const clamp = (weight: number): number => (weight > 0 ? Math.min(weight, 1) : 0);
