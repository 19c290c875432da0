import { crc32, deflateSync } from "node:zlib";
import type { SeededRandom } from "../accounts/seeded-random.ts";

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** A picture that is always the same for its seed: two colours that run into each other, and a circle. */
export function paintedPng(width: number, height: number, random: SeededRandom): Uint8Array {
  const colour = () => [random.between(20, 235), random.between(20, 235), random.between(20, 235)];
  const [from, to, disc] = [colour(), colour(), colour()] as [number[], number[], number[]];
  const [centreX, centreY] = [
    random.between(width / 4, (width * 3) / 4),
    random.between(height / 4, (height * 3) / 4),
  ];
  const radius = Math.min(width, height) / 5;
  const rows = Buffer.alloc((width * 3 + 1) * height);
  for (let y = 0; y < height; y++) {
    let at = y * (width * 3 + 1) + 1;
    for (let x = 0; x < width; x++) {
      const share = (x / width + y / height) / 2;
      const isDisc = (x - centreX) ** 2 + (y - centreY) ** 2 < radius ** 2;
      for (let channel = 0; channel < 3; channel++) {
        rows[at++] = isDisc ? disc[channel]! : from[channel]! + (to[channel]! - from[channel]!) * share;
      }
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // Eight bits a channel, red, green, blue.
  header.set([8, 2], 8);
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows, { level: 1 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const content = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const framed = Buffer.alloc(8);
  framed.writeUInt32BE(data.length, 0);
  framed.writeUInt32BE(crc32(content), 4);
  return Buffer.concat([framed.subarray(0, 4), content, framed.subarray(4)]);
}
