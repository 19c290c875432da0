import type { MaskSecrets } from "@evenkeel/model";
import { type LogLevel, logLevels } from "../line/log-level.ts";
import type { LogRecord, LogSource } from "../line/log-line.ts";
import type { Redactor } from "../redaction/redactor.ts";
import { readLineMark } from "./line-mark.ts";
import type { LineEnd } from "./output-lines.ts";
import { readStructuredLine } from "./structured-line.ts";

const longestRequestId = 128;
/** A key has fewer; after so many lines it was none. */
const longestPrivateKey = 120;

/** Control characters that a terminal may obey, and NUL, which ends lines in blocks. Tabs and line feeds (of JSON) may stay. */
const controls = /[\x00-\x08\x0b-\x1f\x7f\x80-\x9f]/;
const eachControl = new RegExp(controls, "g");

export const withoutControls = (text: string): string =>
  controls.test(text) ? Bun.stripANSI(text).replace(eachControl, "\ufffd") : text;

/** Makes records of what one stream prints: masked by value, read, redacted, in this order, so that no secret passes in JSON's clothes. */
export class LineReader {
  /** Lines of a private key that are still to be expected. */
  private privateKeyLines = 0;

  constructor(
    private readonly source: LogSource,
    private readonly usualLevel: LogLevel,
    private readonly redactor: () => Redactor,
    private readonly mask: MaskSecrets,
  ) {}

  read(raw: string, end: LineEnd, cutBytes: number, nowMs: number): LogRecord {
    const mark = readLineMark(raw);
    let line = mark ? raw.slice(mark.length) : raw;
    line = withoutControls(line);
    line = this.mask(line, end !== "whole");
    const redactor = this.redactor();
    const read = readStructuredLine(line);
    let { text, requestId, fields } = read;
    if (this.isWithinPrivateKey(line)) text = "[private key]";
    else if (redactor.isSuspicious(line)) {
      text = redactor.text(text);
      requestId = redactor.text(requestId);
      fields &&= redactor.fields(fields);
    }
    // JSON may spell what its line must not hold.
    if (read.fields !== undefined || requestId !== "") {
      if (controls.test(text)) text = text.replace(eachControl, "\ufffd");
      if (controls.test(requestId)) requestId = requestId.replace(eachControl, "\ufffd");
    }
    requestId ||= mark?.requestId ?? "";
    if (end === "cut") text += cutBytes > 0 ? ` [cut: ${cutBytes} more bytes]` : " [cut]";
    return {
      atMs: nowMs,
      level: logLevels.indexOf(read.level ?? mark?.level ?? this.usualLevel),
      source: this.source,
      requestId: requestId.slice(0, longestRequestId),
      text,
      fields: fields === undefined ? "" : JSON.stringify(fields),
    };
  }

  private isWithinPrivateKey(line: string): boolean {
    if (this.privateKeyLines > 0) {
      this.privateKeyLines = /-----END/.test(line) ? 0 : this.privateKeyLines - 1;
      if (/^[\sA-Za-z0-9+/=:,|>"'-]*$/.test(line)) return true;
      this.privateKeyLines = 0;
    }
    if (
      line.includes("PRIVATE KEY") &&
      /-----BEGIN [A-Z0-9 ]*PRIVATE KEY/.test(line) &&
      !line.includes("-----END")
    )
      this.privateKeyLines = longestPrivateKey;
    return false;
  }
}
