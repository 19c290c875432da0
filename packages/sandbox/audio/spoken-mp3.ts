import { wordsPerSecond } from "./spoken-wav.ts";

/** MPEG 1 layer III, 32 kbit/s, 44.1 kHz, mono; all else zero is silence. */
const frameHeader = [0xff, 0xfb, 0x10, 0xc4];
const frameBytes = 104;
const frameSeconds = 1_152 / 44_100;
const longestSeconds = 600;

/** As `spokenWav`, with the text in a comment of an ID3 tag. */
export function spokenMp3(text: string): Uint8Array {
  const words = text.split(/\s+/).filter((word) => word !== "").length;
  const seconds = Math.min(longestSeconds, Math.max(0.3, words / wordsPerSecond));
  const frame = Buffer.alloc(frameBytes);
  frame.set(frameHeader);
  // Encoding (UTF-8 in version 2.4), language, an empty description, the text.
  const comment = Buffer.concat([Buffer.from([3]), Buffer.from("eng\0"), Buffer.from(text)]);
  const head = Buffer.alloc(10);
  head.write("COMM", 0, "latin1");
  writeSynchsafe(head, 4, comment.length);
  const tag = Buffer.alloc(10);
  tag.write("ID3\x04", 0, "latin1");
  writeSynchsafe(tag, 6, head.length + comment.length);
  return Buffer.concat([tag, head, comment, ...Array(Math.ceil(seconds / frameSeconds)).fill(frame)]);
}

/** What an MP3 file is, as far as the sandbox can tell; undefined for other files. */
export function readMp3(file: Uint8Array): { seconds: number; text: string | undefined } | undefined {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const isTagged = bytes.toString("latin1", 0, 3) === "ID3";
  if (!isTagged && !(bytes[0] === 0xff && (bytes[1]! & 0xe0) === 0xe0)) return undefined;
  const tagBytes = isTagged ? 10 + readSynchsafe(bytes, 6) : 0;
  const isOurs = isTagged && bytes.toString("latin1", 10, 14) === "COMM";
  const text = isOurs ? bytes.toString("utf8", 25, 20 + readSynchsafe(bytes, 14)) : undefined;
  const rates = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 128];
  const kilobits = rates[bytes[tagBytes + 2]! >> 4] || 128;
  return { seconds: ((bytes.length - tagBytes) * 8) / (kilobits * 1_000), text };
}

/** Seven bits a byte. */
function writeSynchsafe(bytes: Buffer, at: number, value: number): void {
  for (let index = 0; index < 4; index++) bytes[at + index] = (value >> (7 * (3 - index))) & 0x7f;
}

const readSynchsafe = (bytes: Buffer, at: number): number =>
  [0, 1, 2, 3].reduce((value, index) => (value << 7) | (bytes[at + index]! & 0x7f), 0);
