import { headerLine } from "../http/head-writer.ts";
import { fieldWidth, isNameAt, nameAt } from "../http/header-block.ts";
import * as kinds from "../http/header-kinds.ts";
import type { RequestHead } from "../http/request-head.ts";
import type { ForwardOptions } from "./forward-options.ts";

/**
 * Writes the head of the request that goes upstream to the front of `target` and gives its length; -1 if it does not fit. Lines that pass unchanged are
 * copied in runs, bytes to bytes.
 */
export function writeRequestHead(target: Buffer, head: RequestHead, options: ForwardOptions): number {
  const { bytes, fields } = head;
  const { setHeaders, dropHeaders, body } = options;
  let added = options.ownLines ?? "";
  let hostSet = false;
  let nameLengths = 0;
  if (setHeaders !== undefined) {
    for (let index = 0; index < setHeaders.length; index++) {
      const [name, value] = setHeaders[index]!;
      added += headerLine(name, value);
      nameLengths |= 1 << (name.length & 31);
      if (name.length === 4 && name === "host") hostSet = true;
    }
  }
  if (body !== undefined) added += `content-length: ${body.length}\r\n`;
  else if (head.chunked) added += "transfer-encoding: chunked\r\n";
  if (passesUpgrade(head)) added += `connection: Upgrade\r\nupgrade: ${head.header("upgrade")}\r\n`;

  let length: number;
  let runStart: number;
  let hostSeen = hostSet;
  // A method or target of our own, a target that was absolute, or HTTP/1.0: the request line is written anew.
  if (
    options.target === undefined &&
    options.method === undefined &&
    head.targetStart >= 0 &&
    head.minorVersion === 1
  ) {
    length = 0;
    runStart = head.start;
    if (head.end - head.start + added.length + 64 > target.length) return -1;
  } else {
    const line = `${options.method ?? head.method} ${options.target ?? head.target} HTTP/1.1\r\n`;
    if (head.end - head.linesStart + line.length + added.length + head.hostPort.length + 64 > target.length)
      return -1;
    length = target.latin1Write(line, 0);
    runStart = head.linesStart;
  }
  for (let field = 0; field < fields.length; field += fieldWidth) {
    const kind = fields[field + 4]!;
    const nameLength = fields[field + 1]! - fields[field]!;
    let passed = kind < kinds.hopByHop;
    if (kind === kinds.host) {
      if (hostSet) passed = false;
      else hostSeen = true;
    } else if (kind === kinds.contentLength && body !== undefined) passed = false;
    else if (passed && dropHeaders?.matches(bytes, fields[field]!, fields[field + 1]!) === true)
      passed = false;
    else if (
      passed &&
      (nameLengths & (1 << (nameLength & 31))) !== 0 &&
      setHeaders!.some(([name]) => isNameAt(bytes, fields[field]!, fields[field + 1]!, name))
    ) {
      passed = false;
    } else if (passed && head.nominated?.includes(nameAt(bytes, fields, field))) {
      // What frames and addresses the request is not the client's to take away.
      passed = kind === kinds.contentLength;
    }
    if (passed) continue;
    const lineStart = fields[field]!;
    if (lineStart > runStart) length += bytes.copy(target, length, runStart, lineStart);
    runStart = field + fieldWidth < fields.length ? fields[field + fieldWidth]! : head.end - 2;
  }
  if (head.end - 2 > runStart) length += bytes.copy(target, length, runStart, head.end - 2);
  if (!hostSeen) added += `host: ${head.hostPort === "" ? "localhost" : head.hostPort}\r\n`;
  return length + target.latin1Write(`${added}\r\n`, length);
}

/** Upgrades go through as raw tunnels, but for those that would let a client speak HTTP past the edge. */
export const passesUpgrade = (head: RequestHead): boolean =>
  head.upgrade !== "" && !head.hasBody && !/^(h2c|http\/|tls\/)/.test(head.upgrade);
