import { createHash } from "node:crypto";
import { BlobRequestError } from "../errors.ts";
import { refusals } from "../protocol/refusals.ts";
import { sha256Hex } from "./canonical-request.ts";
import { hmac, scopeText } from "./signing-key.ts";
import { isSame, type Verified } from "./verify-request.ts";

/** Longer than any chunk head or trailer line of a client's. */
const longestLine = 4_096;
/** SDKs send 64 KiB to 8 MiB at once; a signed chunk is held until its signature is known to be right. */
const largestSignedChunk = 64 * 1024 * 1024;

export interface ChunkedOptions {
  /** Each chunk has a signature that goes on from the one before. */
  signed: boolean;
  /** Header lines follow the last chunk. */
  trailers: boolean;
  verified: Verified;
}

/**
 * The content of an `aws-chunked` body: `<size>[;chunk-signature=…]CRLF<bytes>CRLF` … `0…CRLF`, then trailers.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
 *
 * @param onTrailer gets each trailer once the signature over them was found right; names in lower case
 * @throws BlobRequestError
 */
export async function* chunkedPayload(
  body: AsyncIterable<Uint8Array>,
  { signed, trailers, verified }: ChunkedOptions,
  onTrailer: (name: string, value: string) => void,
): AsyncGenerator<Uint8Array> {
  const reader = new ByteReader(body);
  let previous = verified.signature;
  const check = (kind: string, hash: string, given: string | undefined): void => {
    const lines = [kind, verified.time, scopeText(verified.scope), previous, hash];
    if (given === undefined || !isSame(hmac(verified.key, lines.join("\n")), given)) {
      throw new BlobRequestError(
        "SignatureDoesNotMatch",
        403,
        "The signature of a chunk does not match its content.",
      );
    }
    previous = given;
  };
  for (;;) {
    const { size, signature } = parseHead(await reader.line());
    if (signed && size > largestSignedChunk) {
      throw refusals.invalidArgument(`Signed chunks have ${largestSignedChunk} bytes at most`);
    }
    const hash = signed ? createHash("sha256") : undefined;
    const held: Uint8Array[] = [];
    for await (const bytes of reader.take(size)) {
      if (!hash) yield bytes;
      else {
        hash.update(bytes);
        held.push(bytes);
      }
    }
    if (hash) {
      const empty = sha256Hex("");
      check("AWS4-HMAC-SHA256-PAYLOAD", `${empty}\n${hash.digest("hex")}`, signature);
      yield* held;
    }
    if (size === 0) break;
    if ((await reader.line()) !== "") throw refusals.incompleteBody();
  }
  if (!trailers) return;
  const lines: [name: string, value: string][] = [];
  let given: string | undefined;
  for (let line = await reader.line(true); line; line = await reader.line(true)) {
    const end = line.indexOf(":");
    if (end < 0) throw refusals.invalidArgument("A trailer has no colon");
    const name = line.slice(0, end).trim().toLowerCase();
    const value = line.slice(end + 1).trim();
    if (name === "x-amz-trailer-signature") given = value;
    else lines.push([name, value]);
  }
  if (signed) {
    const text = lines.map(([name, value]) => `${name}:${value}\n`).join("");
    check("AWS4-HMAC-SHA256-TRAILER", sha256Hex(text), given);
  }
  for (const [name, value] of lines) onTrailer(name, value);
}

function parseHead(line: string | undefined): { size: number; signature: string | undefined } {
  const match = /^([0-9a-f]{1,12})(?:;chunk-signature=([0-9a-f]{64}))?$/i.exec(line ?? "");
  if (!match) throw refusals.incompleteBody();
  return { size: Number.parseInt(match[1]!, 16), signature: match[2] };
}

/** Lines and runs of bytes from a stream, without joining what need not be joined. */
class ByteReader {
  private readonly source: AsyncIterator<Uint8Array>;
  private rest: Buffer = Buffer.alloc(0);

  constructor(body: AsyncIterable<Uint8Array>) {
    this.source = body[Symbol.asyncIterator]();
  }

  /** Without its CRLF. @param mayEnd undefined at the end of the body instead of an error */
  async line(mayEnd = false): Promise<string | undefined> {
    for (;;) {
      const end = this.rest.indexOf("\n");
      if (end >= 0) {
        const line = this.rest.toString("latin1", 0, end).replace(/\r$/, "");
        this.rest = this.rest.subarray(end + 1);
        return line;
      }
      if (this.rest.length > longestLine) throw refusals.incompleteBody();
      const more = await this.next();
      if (!more) {
        if (mayEnd && this.rest.length === 0) return undefined;
        throw refusals.incompleteBody();
      }
      this.rest = this.rest.length === 0 ? more : Buffer.concat([this.rest, more]);
    }
  }

  async *take(count: number): AsyncGenerator<Uint8Array> {
    for (let left = count; left > 0; ) {
      if (this.rest.length === 0) {
        const more = await this.next();
        if (!more) throw refusals.incompleteBody();
        this.rest = more;
      }
      const bytes = this.rest.subarray(0, left);
      this.rest = this.rest.subarray(bytes.length);
      left -= bytes.length;
      yield bytes;
    }
  }

  private async next(): Promise<Buffer | undefined> {
    const { value, done } = await this.source.next();
    return done ? undefined : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  }
}
