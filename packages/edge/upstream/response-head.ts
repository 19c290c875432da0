import { fieldWidth, incompleteBlock, scanHeaderBlock, takeFields, valueAt } from "../http/header-block.ts";
import * as kinds from "../http/header-kinds.ts";
import { decimalAt } from "../http/request-parser.ts";

const headLimitBytes = 131_072;
const lineLimit = 512;

/** The head of an upstream's answer, as received. */
export class ResponseHead {
  keepAlive = true;
  /** From `Keep-Alive: timeout=N`; 0: not told. */
  keepAliveSeconds = 0;
  /** -1: none. */
  contentLength = -1;
  chunked = false;
  hasDate = false;
  hasHopByHop = false;
  /** Names that `Connection` lists, in lower case. */
  nominated: string[] | undefined;

  constructor(
    readonly bytes: Buffer,
    readonly status: number,
    readonly minorVersion: number,
    /** Positions: the status line, the first header line, and the end of the head. */
    readonly start: number,
    readonly linesStart: number,
    readonly end: number,
    readonly fields: Int32Array,
  ) {}
}

/** Reads a head at `start` (RFC 9112, 4). `undefined`: more bytes are needed; a text says what is wrong with it. */
export function parseResponseHead(bytes: Buffer, start: number): ResponseHead | string | undefined {
  const length = bytes.length - start;
  if (length < 13) return undefined;
  // "HTTP" and "/1."
  if (
    bytes.readUInt32BE(start) !== 0x48545450 ||
    bytes[start + 4] !== 47 ||
    bytes[start + 5] !== 49 ||
    bytes[start + 6] !== 46
  ) {
    return "it is not HTTP/1";
  }
  const minorVersion = bytes[start + 7]! === 48 ? 0 : 1;
  const status = decimalAt(bytes, start + 9, start + 12);
  const afterStatus = bytes[start + 12]!;
  if (bytes[start + 8] !== 32 || status < 100 || (afterStatus !== 32 && afterStatus !== 13))
    return "its status line is broken";
  let position = start + 12;
  while (position < bytes.length && bytes[position] !== 13 && bytes[position] !== 10) position++;
  if (position + 1 >= bytes.length) return length > headLimitBytes ? "its head is too large" : undefined;
  if (bytes[position] !== 13 || bytes[position + 1] !== 10) return "its status line is broken";
  const linesStart = position + 2;
  const end = scanHeaderBlock(bytes, linesStart, lineLimit);
  if (end === incompleteBlock) return length > headLimitBytes ? "its head is too large" : undefined;
  if (end - start > headLimitBytes) return "its head is too large";
  if (end < 0) return "a header line is broken, or there are too many";
  const head = new ResponseHead(bytes, status, minorVersion, start, linesStart, end, takeFields());
  head.keepAlive = minorVersion > 0;
  return readFields(head) ?? head;
}

function readFields(head: ResponseHead): string | undefined {
  const { bytes, fields } = head;
  for (let field = 0; field < fields.length; field += fieldWidth) {
    const kind = fields[field + 4]!;
    if (kind === kinds.ordinary) continue;
    if (kind >= kinds.hopByHop) head.hasHopByHop = true;
    if (kind === kinds.contentLength) {
      const contentLength = decimalAt(bytes, fields[field + 2]!, fields[field + 3]!);
      if (contentLength === -1 || head.contentLength !== -1) return "its Content-Length is broken";
      head.contentLength = contentLength;
    } else if (kind === kinds.date) head.hasDate = true;
    else if (kind === kinds.transferEncoding) {
      if (head.chunked || valueAt(bytes, fields, field).toLowerCase() !== "chunked")
        return "its Transfer-Encoding is unknown";
      head.chunked = true;
    } else if (kind === kinds.connection) readConnection(head, fields[field + 2]!, fields[field + 3]!);
    else if (kind === kinds.keepAlive) {
      const match = /timeout=(\d{1,6})/i.exec(valueAt(bytes, fields, field));
      if (match !== null) head.keepAliveSeconds = Number(match[1]);
    }
  }
  return head.chunked && head.contentLength !== -1
    ? "it has both Content-Length and Transfer-Encoding"
    : undefined;
}

const keepAliveOption = Buffer.from("keep-alive");

function readConnection(head: ResponseHead, start: number, end: number): void {
  if (end - start === 10 && kinds.equalsIgnoringCase(head.bytes, start, keepAliveOption)) {
    head.keepAlive = true;
    return;
  }
  for (const part of head.bytes.latin1Slice(start, end).toLowerCase().split(",")) {
    const option = part.trim();
    if (option === "close") head.keepAlive = false;
    else if (option !== "" && option !== "keep-alive" && option !== "upgrade") {
      head.nominated ??= [];
      head.nominated.push(option);
    }
  }
}
