import type { LogLevel } from "../line/log-level.ts";

/**
 * How the launcher tells the host of which request a line is, and by which method of `console` it was printed: `U+001E`, request id, `;`,
 * level, `U+001F` in front of the line. An app that prints such a mark itself deceives nobody but its own readers.
 */
const begin = "\x1e";
const end = "\x1f";
const longest = 160;

export interface LineMark {
  requestId: string;
  level: LogLevel | undefined;
  /** Characters that it takes. */
  length: number;
}

export const writeLineMark = (requestId: string, level: LogLevel | ""): string =>
  `${begin}${requestId};${level}${end}`;

export function readLineMark(line: string): LineMark | undefined {
  if (line.charCodeAt(0) !== 0x1e) return undefined;
  const close = line.indexOf(end);
  if (close === -1 || close > longest) return undefined;
  const semicolon = line.lastIndexOf(";", close);
  if (semicolon === -1) return undefined;
  const level = line.slice(semicolon + 1, close);
  return {
    requestId: line.slice(1, semicolon),
    level: levels.has(level) ? (level as LogLevel) : undefined,
    length: close + 1,
  };
}

const levels = new Set(["trace", "debug", "info", "warn", "error", "fatal"]);
