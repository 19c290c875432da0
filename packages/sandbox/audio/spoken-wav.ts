import { silentWav } from "./silence.ts";

/** Of speech, as people talk. */
export const wordsPerSecond = 2.5;

const riffHeaderBytes = 12;
const tag = "ICMT";

/** Silence as long as the text takes to say, with the text in a comment of the file: what is said is known, how it sounds is not. */
export function spokenWav(text: string): Uint8Array {
  const words = text.split(/\s+/).filter((word) => word !== "").length;
  const silence = Buffer.from(silentWav(Math.max(0.3, words / wordsPerSecond)));
  const said = Buffer.from(`${text}\0${Buffer.byteLength(text) % 2 === 0 ? "\0" : ""}`);
  const list = Buffer.alloc(20);
  list.write("LIST", 0, "latin1");
  list.writeUInt32LE(12 + said.length, 4);
  list.write("INFO", 8, "latin1");
  list.write(tag, 12, "latin1");
  list.writeUInt32LE(said.length, 16);
  const file = Buffer.concat([silence, list, said]);
  file.writeUInt32LE(file.length - 8, 4);
  return file;
}

/** What a WAV file is: how long, and what is said in it if the sandbox made it. Undefined for other files. */
export function readWav(file: Uint8Array): { seconds: number; text: string | undefined } | undefined {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  if (bytes.toString("latin1", 0, 4) !== "RIFF" || bytes.toString("latin1", 8, 12) !== "WAVE")
    return undefined;
  let bytesPerSecond = 0;
  let seconds = 0;
  let text: string | undefined;
  for (let at = riffHeaderBytes; at + 8 <= bytes.length; ) {
    const name = bytes.toString("latin1", at, at + 4);
    const size = bytes.readUInt32LE(at + 4);
    const content = at + 8;
    if (name === "fmt " && content + 12 <= bytes.length) bytesPerSecond = bytes.readUInt32LE(content + 8);
    if (name === "data") seconds = Math.min(size, bytes.length - content) / (bytesPerSecond || 1);
    if (name === "LIST" && bytes.toString("latin1", content + 4, content + 8) === tag) {
      const length = bytes.readUInt32LE(content + 8);
      text = bytes.toString("utf8", content + 12, content + 12 + length).replace(/\0+$/, "");
    }
    at = content + size + (size % 2);
  }
  return { seconds, text };
}
