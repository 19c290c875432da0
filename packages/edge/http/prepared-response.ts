import type { HeaderPairs } from "./exchange.ts";
import { dateLine, givenHeaders, hasNoBody, headerLines, statusLine } from "./head-writer.ts";
import { currentSecond, httpDate } from "./http-date.ts";

/** A whole answer as bytes, made once and sent many times: static files and cached pages. */
export class PreparedResponse {
  /** Length of the head without its final blank line. */
  readonly headLength: number;
  private readonly dateOffset: number;
  private dateSecond: number;

  constructor(
    readonly status: number,
    /** Head, blank line, body. */
    readonly bytes: Buffer,
    headLength: number,
    dateOffset: number,
  ) {
    this.headLength = headLength;
    this.dateOffset = dateOffset;
    this.dateSecond = currentSecond();
  }

  /** Writes the current time into the head; once per second. */
  refreshDate(): void {
    const now = currentSecond();
    if (now === this.dateSecond) return;
    this.dateSecond = now;
    this.bytes.latin1Write(httpDate(), this.dateOffset);
  }
}

/**
 * `content-length` and `date` are added; give neither, unless the status has no body (304), where a given `content-length` stays.
 * @throws InvalidHeaderError
 */
export function prepareResponse(
  status: number,
  headers: HeaderPairs,
  body: Uint8Array = new Uint8Array(0),
): PreparedResponse {
  const given = givenHeaders(headers);
  const start = statusLine(status);
  const length = hasNoBody(status) || given.contentLength !== -1 ? "" : `content-length: ${body.length}\r\n`;
  // First of all lines, so that its place is known.
  const head = `${start}${dateLine()}${headerLines(headers)}${length}`;
  const bytes = Buffer.allocUnsafeSlow(head.length + 2 + (hasNoBody(status) ? 0 : body.length));
  bytes.latin1Write(`${head}\r\n`, 0);
  if (!hasNoBody(status)) bytes.set(body, head.length + 2);
  return new PreparedResponse(status, bytes, head.length, start.length + "date: ".length);
}
