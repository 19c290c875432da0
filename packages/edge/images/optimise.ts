import { ImageRequestError } from "../errors.ts";
import type { OptimisedType } from "./image-request.ts";
import { type ImageType, imageTypeOf, isAnimated } from "./image-type.ts";

/** Vercel's limit: 8,192 pixels each way. */
const pixelLimit = 8_192 * 8_192;
const timeLimitS = 15;

/** Types that are sent as they are: sharp does not write them, or would make pixels of lines. */
const untouched = new Set<ImageType>(["image/svg+xml", "image/x-icon", "image/x-icns", "image/bmp"]);

export interface OptimisedImage {
  type: ImageType;
  bytes: Uint8Array;
}

export interface OptimiseOptions {
  width: number;
  quality: number;
  type: OptimisedType | undefined;
  allowSvg: boolean;
}

/**
 * Makes a source into what a page asked for: turned upright, at most `width` pixels wide and never enlarged. What moves stays as it is, and so does
 * what cannot be decoded although it begins as an image does. Runs on sharp's own threads.
 *
 * @throws {ImageRequestError} if the bytes are no image, or an SVG where those are not allowed.
 */
export async function optimise(source: Uint8Array, options: OptimiseOptions): Promise<OptimisedImage> {
  const sourceType = imageTypeOf(source);
  if (!sourceType) {
    const problem = `The requested resource isn't a valid image`;
    throw new ImageRequestError("INVALID_IMAGE_OPTIMIZE_REQUEST", problem);
  }
  if (sourceType === "image/svg+xml" && !options.allowSvg) {
    const problem = '"url" parameter is valid but image type is not allowed';
    throw new ImageRequestError("INVALID_IMAGE_OPTIMIZE_REQUEST", problem);
  }
  const asIs: OptimisedImage = { type: sourceType, bytes: source };
  if (untouched.has(sourceType) || isAnimated(sourceType, source)) return asIs;
  const type = options.type ?? ownType(sourceType);
  try {
    return { type, bytes: await encode(source, type, options) };
  } catch {
    // Too many pixels, or damaged: the browser may make more of it than we can.
    return asIs;
  }
}

/** A client that names neither AVIF nor WebP may not know them. */
function ownType(source: ImageType): "image/png" | "image/jpeg" {
  return source === "image/png" || source === "image/gif" ? "image/png" : "image/jpeg";
}

async function encode(
  source: Uint8Array,
  type: OptimisedType | "image/png" | "image/jpeg",
  { width, quality }: OptimiseOptions,
): Promise<Uint8Array> {
  const sharp = await loadSharp();
  const image = sharp(source, { limitInputPixels: pixelLimit, sequentialRead: true })
    .timeout({ seconds: timeLimitS })
    .autoOrient()
    .resize(width, undefined, { withoutEnlargement: true });
  if (type === "image/avif") return image.avif({ quality: Math.max(quality - 20, 1), effort: 3 }).toBuffer();
  if (type === "image/webp") return image.webp({ quality }).toBuffer();
  if (type === "image/png") return image.png({ quality }).toBuffer();
  return image.jpeg({ quality, mozjpeg: true }).toBuffer();
}

/** Loaded with the first image: it takes 30 MB, which an edge without images need not hold. */
type Sharp = typeof import("sharp")["default"];
let loading: Promise<Sharp> | undefined;

function loadSharp(): Promise<Sharp> {
  loading ??= import("sharp").then(({ default: sharp }) => {
    // Images are optimised side by side already; more threads for each would only take the core of the requests.
    sharp.concurrency(1);
    sharp.cache(false);
    return sharp;
  });
  return loading;
}
