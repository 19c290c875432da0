/** What the first bytes of a file say it is; names and headers are not believed. */
export type ImageType =
  | "image/avif"
  | "image/webp"
  | "image/png"
  | "image/jpeg"
  | "image/gif"
  | "image/svg+xml"
  | "image/x-icon"
  | "image/x-icns"
  | "image/tiff"
  | "image/bmp";

/** `-1` stands for any byte. https://en.wikipedia.org/wiki/List_of_file_signatures */
const signatures: [ImageType, number[]][] = [
  ["image/jpeg", [0xff, 0xd8, 0xff]],
  ["image/png", [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]],
  ["image/gif", [0x47, 0x49, 0x46, 0x38]],
  ["image/webp", [0x52, 0x49, 0x46, 0x46, -1, -1, -1, -1, 0x57, 0x45, 0x42, 0x50]],
  ["image/avif", [-1, -1, -1, -1, 0x66, 0x74, 0x79, 0x70, 0x61, 0x76, 0x69, 0x66]],
  ["image/avif", [-1, -1, -1, -1, 0x66, 0x74, 0x79, 0x70, 0x61, 0x76, 0x69, 0x73]],
  ["image/x-icon", [0x00, 0x00, 0x01, 0x00]],
  ["image/x-icns", [0x69, 0x63, 0x6e, 0x73]],
  ["image/tiff", [0x49, 0x49, 0x2a, 0x00]],
  ["image/tiff", [0x4d, 0x4d, 0x00, 0x2a]],
  ["image/bmp", [0x42, 0x4d]],
];

export function imageTypeOf(bytes: Uint8Array): ImageType | undefined {
  for (const [type, signature] of signatures) {
    if (signature.every((byte, index) => byte === -1 || bytes[index] === byte)) return type;
  }
  // SVG is text: a byte order mark, blanks, comments and a doctype may come first.
  const start = new TextDecoder().decode(bytes.subarray(0, 1_024));
  const bare = start.replace(
    /^\s*(?:<\?xml[^>]*>|<!--[\s\S]*?-->|<!doctype[^>[]*(?:\[[^\]]*\])?[^>]*>|\s+)*/i,
    "",
  );
  return /^<(?:\w+:)?svg[\s>]/i.test(bare) ? "image/svg+xml" : undefined;
}

/** Whether it moves: a GIF or PNG or WebP of several frames. Optimising would leave the first one alone. */
export function isAnimated(type: ImageType, bytes: Uint8Array): boolean {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (type === "image/gif") return countGifFrames(buffer) > 1;
  // `acTL` stands before the first `IDAT` in an animated PNG, `ANIM` in the header chunks of an animated WebP.
  if (type === "image/png") {
    const animation = buffer.indexOf("acTL");
    return animation !== -1 && animation < buffer.indexOf("IDAT");
  }
  if (type === "image/webp") return buffer.subarray(0, 4_096).includes("ANIM");
  return type === "image/avif" && buffer.toString("latin1", 8, 12) === "avis";
}

/** Walks the blocks of a GIF89a (https://www.w3.org/Graphics/GIF/spec-gif89a.txt), as far as the second frame. */
function countGifFrames(buffer: Buffer): number {
  const colourTable = (flags: number) => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0);
  let position = 13 + colourTable(buffer[10] ?? 0);
  let frames = 0;
  while (position < buffer.length && frames < 2) {
    const block = buffer[position];
    if (block === 0x2c) {
      frames++;
      position += 10 + colourTable(buffer[position + 9] ?? 0) + 1;
    } else if (block === 0x21) position += 2;
    else break;
    for (let size = buffer[position]; size; size = buffer[position]) position += size + 1;
    position++;
  }
  return frames;
}
