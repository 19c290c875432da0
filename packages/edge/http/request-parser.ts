import {
  fieldWidth,
  incompleteBlock,
  isTokenByte,
  malformedBlock,
  scanHeaderBlock,
  takeFields,
  valueAt,
} from "./header-block.ts";
import * as kinds from "./header-kinds.ts";
import { isAuthority } from "./host-header.ts";
import type { HttpLimits } from "./limits.ts";
import { Refusal } from "./refusal.ts";
import { RequestHead } from "./request-head.ts";

const bad = (reason: string) => new Refusal(400, reason);
const badRequestLine = bad("The request line is not `METHOD target HTTP/1.1`.");
const badTarget = bad("The request target holds characters that a URL cannot hold.");
const badAbsoluteTarget = bad("The absolute request target is not an http or https URL with a valid host.");
const badHeaders = bad("A header line breaks RFC 9112.");
const badHost = bad("Host is not a host name with an optional port.");
const noHost = bad("Host is missing.");
const manyHosts = bad("Host was sent more than once.");
const hostMismatch = bad("Host differs from the host in the request target.");
const badLength = bad("Content-Length is not one decimal number.");
const bothLengths = bad("Content-Length and Transfer-Encoding exclude each other.");
const badCoding = bad("Transfer-Encoding is not `chunked` alone.");
const oldCoding = bad("HTTP/1.0 has no Transfer-Encoding.");
const unknownCoding = new Refusal(501, "This transfer coding is not implemented.");
const badExpect = new Refusal(417, "Only `Expect: 100-continue` can be met.");
const targetTooLong = new Refusal(414, "The request target is too long.");
const headTooLarge = new Refusal(431, "The request's header is too large.");
const unknownVersion = new Refusal(505, "Only HTTP/1.0 and HTTP/1.1 are spoken here.");
const noTrace = new Refusal(501, "TRACE is not implemented.");
const noConnect = new Refusal(405, "CONNECT is not allowed: this is not a proxy.");

/** Printable ASCII but for the characters that no URL may hold and that parsers read differently: `#` and blanks. */
const targetBytes = new Uint8Array(256).map((_, byte) => (byte > 32 && byte < 127 && byte !== 35 ? 1 : 0));

/** Reads one request's head at `start`; `undefined`: more bytes are needed (RFC 9112, 3 to 6). */
export function parseRequestHead(
  bytes: Buffer,
  start: number,
  limits: HttpLimits,
): RequestHead | Refusal | undefined {
  const end = bytes.length;
  let position = start;
  // RFC 9112, 2.2: blank lines before a request are ignored.
  while (position + 1 < end && bytes[position] === 13 && bytes[position + 1] === 10) position += 2;
  if (position >= end || (bytes[position] === 13 && position + 1 === end)) {
    return position - start > limits.headBytes ? badRequestLine : undefined;
  }

  const methodStart = position;
  while (position < end && isTokenByte(bytes[position]!)) position++;
  if (position - methodStart > 64) return badRequestLine;
  if (position === end) return undefined;
  if (bytes[position] !== 32 || position === methodStart) return badRequestLine;
  const method = methodAt(bytes, methodStart, position);

  const targetStart = ++position;
  while (position < end && targetBytes[bytes[position]!] === 1) position++;
  if (position - targetStart > limits.targetBytes) return targetTooLong;
  if (position === end) return undefined;
  if (position === targetStart) return badRequestLine;
  if (bytes[position] !== 32) return bytes[position] === 13 ? badRequestLine : badTarget;
  const targetEnd = position++;

  const version = versionAt(bytes, position);
  if (version === undefined || version instanceof Refusal) return version;
  const linesStart = position + 10;

  const headEnd = scanHeaderBlock(bytes, linesStart, limits.headerLines);
  if (headEnd === incompleteBlock) return end - methodStart > limits.headBytes ? headTooLarge : undefined;
  if (headEnd < 0) return headEnd === malformedBlock ? badHeaders : headTooLarge;
  if (headEnd - methodStart > limits.headBytes) return headTooLarge;

  const head = new RequestHead(bytes, method, takeFields());
  head.minorVersion = version;
  head.keepAlive = version > 0;
  head.targetStart = targetStart;
  head.targetEnd = targetEnd;
  head.start = methodStart;
  head.linesStart = linesStart;
  head.end = headEnd;
  return readFields(head) ?? readTarget(head) ?? head;
}

function methodAt(bytes: Buffer, start: number, end: number): string {
  // The common ones without making a string: "GET " and "POST" as 32-bit numbers.
  const first =
    (bytes[start]! << 24) | (bytes[start + 1]! << 16) | (bytes[start + 2]! << 8) | bytes[start + 3]!;
  if (first === 0x47455420) return "GET";
  if (first === 0x504f5354 && end - start === 4) return "POST";
  if (first === 0x48454144 && end - start === 4) return "HEAD";
  return bytes.latin1Slice(start, end);
}

const versionPrefix = Buffer.from("HTTP/");

function versionAt(bytes: Buffer, position: number): number | Refusal | undefined {
  const end = Math.min(bytes.length, position + 10);
  for (let index = position; index < end; index++) {
    const byte = bytes[index]!;
    const at = index - position;
    if (at < 5 ? byte !== versionPrefix[at] : at === 6 ? byte !== 46 : at === 8 ? byte !== 13 : false)
      return badRequestLine;
    if ((at === 5 || at === 7) && (byte < 48 || byte > 57)) return badRequestLine;
    if (at === 9 && byte !== 10) return badRequestLine;
  }
  if (position + 10 > bytes.length) return undefined;
  if (bytes[position + 5] !== 49) return unknownVersion;
  // A higher minor version is a 1.1 client (RFC 9110, 2.5).
  return bytes[position + 7] === 48 ? 0 : 1;
}

/** Takes in the header lines that the engine acts on. */
function readFields(head: RequestHead): Refusal | undefined {
  const { bytes, fields } = head;
  let hosts = 0;
  let coding: string | undefined;
  let upgrade = "";
  let options = 0;
  for (let field = 0; field < fields.length; field += fieldWidth) {
    const kind = fields[field + 4]!;
    if (kind === kinds.ordinary) continue;
    if (kind === kinds.host) {
      if (++hosts > 1) return manyHosts;
      head.hostPort = valueAt(bytes, fields, field).toLowerCase();
      if (!isAuthority(head.hostPort)) return badHost;
    } else if (kind === kinds.contentLength) {
      if (head.contentLength !== -1) return badLength;
      head.contentLength = decimalAt(bytes, fields[field + 2]!, fields[field + 3]!);
      if (head.contentLength === -1) return badLength;
    } else if (kind === kinds.connection) {
      options |= connectionOptions(head, valueAt(bytes, fields, field).toLowerCase());
    } else if (kind === kinds.transferEncoding) {
      const value = valueAt(bytes, fields, field).toLowerCase();
      coding = coding === undefined ? value : `${coding},${value}`;
    } else if (kind === kinds.upgrade) {
      upgrade = valueAt(bytes, fields, field).toLowerCase();
    } else if (kind === kinds.expect) {
      if (valueAt(bytes, fields, field).toLowerCase() !== "100-continue") return badExpect;
      // HTTP/1.0 knows no interim answers (RFC 9110, 10.1.1).
      head.expectsContinue = head.minorVersion > 0;
    }
  }
  if (hosts === 0 && head.minorVersion > 0) return noHost;
  if ((options & closeOption) !== 0) head.keepAlive = false;
  else if ((options & keepAliveOption) !== 0) head.keepAlive = true;
  if ((options & upgradeOption) !== 0 && head.minorVersion > 0) head.upgrade = upgrade;
  if (head.method === "TRACE") return noTrace;
  if (head.method === "CONNECT") return noConnect;
  if (coding === undefined) return undefined;
  if (head.contentLength !== -1) return bothLengths;
  if (head.minorVersion === 0) return oldCoding;
  if (coding !== "chunked") {
    return /^(gzip|x-gzip|deflate|compress|x-compress)(\s*,\s*chunked)$/.test(coding)
      ? unknownCoding
      : badCoding;
  }
  head.chunked = true;
  return undefined;
}

const closeOption = 1;
const keepAliveOption = 2;
const upgradeOption = 4;

function connectionOptions(head: RequestHead, value: string): number {
  if (value === "keep-alive") return keepAliveOption;
  let options = 0;
  for (const part of value.split(",")) {
    const option = part.trim();
    if (option === "close") options |= closeOption;
    else if (option === "keep-alive") options |= keepAliveOption;
    else if (option === "upgrade") options |= upgradeOption;
    else if (option !== "" && option !== "te") {
      head.nominated ??= [];
      head.nominated.push(option);
    }
  }
  return options;
}

/** The decimal number at `bytes[start..end)`, or -1: no sign, no blanks, no list, at most 15 digits. */
export function decimalAt(bytes: Buffer, start: number, end: number): number {
  if (end === start || end - start > 15) return -1;
  let number = 0;
  for (let index = start; index < end; index++) {
    const digit = bytes[index]! - 48;
    if (digit < 0 || digit > 9) return -1;
    number = number * 10 + digit;
  }
  return number;
}

/** Brings an absolute target (RFC 9112, 3.2.2) to origin form; `*` is for OPTIONS alone. */
function readTarget(head: RequestHead): Refusal | undefined {
  const first = head.bytes[head.targetStart];
  if (first === 47) return undefined;
  if (first === 42 && head.targetEnd === head.targetStart + 1) {
    return head.method === "OPTIONS" ? undefined : badTarget;
  }
  const match = /^https?:\/\/([^/?]*)/i.exec(head.target);
  if (match === null) return badTarget;
  const authority = match[1]!.toLowerCase();
  if (!isAuthority(authority)) return badAbsoluteTarget;
  if (head.hostPort === "") head.hostPort = authority;
  else if (withoutDefaultPort(head.hostPort) !== withoutDefaultPort(authority)) return hostMismatch;
  const rest = head.target.slice(match[0].length);
  head.target =
    rest === "" ? (head.method === "OPTIONS" ? "*" : "/") : rest.startsWith("?") ? `/${rest}` : rest;
  return undefined;
}

const withoutDefaultPort = (authority: string) => authority.replace(/:(80|443)$/, "");
