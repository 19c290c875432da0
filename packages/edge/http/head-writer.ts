import { STATUS_CODES } from "node:http";
import { InvalidHeaderError } from "../errors.ts";
import type { HeaderPairs } from "./exchange.ts";
import { httpDate } from "./http-date.ts";

/**
 * Where heads (and small bodies behind them) are put together before one write. Its content is valid only until the current turn's next use: the
 * socket has taken it, or a copy was made.
 */
export const scratch = Buffer.allocUnsafeSlow(262_144);

const invalidName = /[^!#$%&'*+\-.^_`|~0-9A-Za-z]/;
const invalidValue = /[^\t\x20-\x7e\x80-\uffff]/;
const beyondAscii = /[^\t\x20-\x7e]/;
const beyondLatin1 = /[^\x00-\xff]/;

/**
 * Header lines as text in which one character is one byte. Values beyond Latin-1 become UTF-8.
 * @throws InvalidHeaderError
 */
export function headerLines(pairs: HeaderPairs): string {
  let lines = "";
  for (const [name, value] of pairs) lines += headerLine(name, value);
  return lines;
}

export function headerLine(name: string, value: string): string {
  if (!validNames.has(name)) checkName(name);
  return `${name}: ${headerValue(name, value)}\r\n`;
}

/**
 * The value as it is sent.
 * @throws InvalidHeaderError
 */
export function headerValue(name: string, value: string): string {
  if (!beyondAscii.test(value)) return value;
  if (invalidValue.test(value)) throw new InvalidHeaderError(name);
  return beyondLatin1.test(value) ? Buffer.from(value).toString("latin1") : value;
}

/** Few names are ever sent; the limit guards against apps that make them up. */
const validNames = new Set<string>();

function checkName(name: string): void {
  if (name === "" || invalidName.test(name)) throw new InvalidHeaderError(name);
  if (validNames.size < 1_000) validNames.add(name);
}

/** Which of the headers that the engine cares about are among `pairs`. */
export interface GivenHeaders {
  /** -1: not given. */
  contentLength: number;
  date: boolean;
}

/** @throws InvalidHeaderError for a Content-Length that is no number, and for framing that is the engine's own. */
export function givenHeaders(pairs: HeaderPairs): GivenHeaders {
  const given: GivenHeaders = { contentLength: -1, date: false };
  for (const [name, value] of pairs) {
    const length = name.length;
    if (length === 4 && name.toLowerCase() === "date") given.date = true;
    else if (length === 14 && name.toLowerCase() === "content-length") {
      if (!/^\d{1,15}$/.test(value)) throw new InvalidHeaderError(name);
      given.contentLength = Number(value);
    } else if (length === 17 && name.toLowerCase() === "transfer-encoding")
      throw new InvalidHeaderError(name);
  }
  return given;
}

const statusLines: string[] = [];
for (let status = 100; status < 600; status++) {
  statusLines[status] = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n`;
}

export const statusLine = (status: number): string => statusLines[status] ?? `HTTP/1.1 ${status} \r\n`;

export const dateLine = (): string => `date: ${httpDate()}\r\n`;

/** 1xx, 204 and 304 never have a body (RFC 9112, 6.3). */
export const hasNoBody = (status: number): boolean => status < 200 || status === 204 || status === 304;
