import { dateLine, hasNoBody, headerLine, statusLine } from "../http/head-writer.ts";
import { everyValue, fieldWidth, firstValue, isNameAt, nameAt, valueAt } from "../http/header-block.ts";
import type { HeaderFilter } from "../http/header-filter.ts";
import * as kinds from "../http/header-kinds.ts";
import type { BodyTap, TakenBody, UpstreamHead } from "./forward-options.ts";
import type { ResponseHead } from "./response-head.ts";

/** An upstream's head as `ForwardHandler.onHead` sees and edits it, and its way to the client. */
export class AnswerHead implements UpstreamHead {
  status: number;
  tap: BodyTap | undefined;
  taken: TakenBody | undefined;
  takeLimitBytes = 0;
  private edits: Edit[] | undefined;
  /** Bit `length & 31` of each edited name. */
  private editedLengths = 0;
  private ownLines = "";
  private ownNames: HeaderFilter | undefined;

  constructor(
    private readonly head: ResponseHead,
    /** Lines that the client never gets, whatever the handler does. */
    private readonly dropped: HeaderFilter | undefined,
  ) {
    this.status = head.status;
  }

  get(name: string): string | undefined {
    const edit = this.editOf(name);
    return edit !== undefined ? edit.values[0] : firstValue(this.head.bytes, this.head.fields, name);
  }

  getAll(name: string): string[] {
    return this.editOf(name)?.values.slice() ?? everyValue(this.head.bytes, this.head.fields, name);
  }

  pairs(): [name: string, value: string][] {
    const { bytes, fields } = this.head;
    const pairs: [string, string][] = [];
    for (let field = 0; field < fields.length; field += fieldWidth) {
      if (this.isPassed(field)) pairs.push([nameAt(bytes, fields, field), valueAt(bytes, fields, field)]);
    }
    for (const { name, values } of this.edits ?? []) {
      if (this.ownNames?.has(name) !== true) for (const value of values) pairs.push([name, value]);
    }
    for (const line of this.ownLines.split("\r\n").slice(0, -1)) {
      const colon = line.indexOf(":");
      pairs.push([line.slice(0, colon), line.slice(colon + 2)]);
    }
    return pairs;
  }

  set(name: string, value: string): void {
    this.edit(name, [value]);
  }

  append(name: string, value: string): void {
    this.edit(name, [...this.getAll(name), value]);
  }

  delete(name: string): void {
    this.edit(name, []);
  }

  own(lines: string, names: HeaderFilter): void {
    this.ownLines = lines;
    this.ownNames = names;
  }

  take(limitBytes: number, onBody: TakenBody): void {
    this.takeLimitBytes = limitBytes;
    this.taken = onBody;
  }

  tee(tap: BodyTap): void {
    this.tap = tap;
  }

  /**
   * Writes the client's head to the front of `target`, with `extraLines` at its end, and gives its length; -1 if it does not fit. Lines that pass
   * unchanged are copied in runs, bytes to bytes.
   */
  write(target: Buffer, extraLines: string): number {
    const { head, edits } = this;
    const { bytes, fields } = head;
    let added = extraLines;
    if (edits !== undefined) {
      for (const { name, lines } of edits) if (this.ownNames?.has(name) !== true) added += lines;
    }
    added += this.ownLines;
    if (!head.hasDate && this.editOf("date") === undefined) added += dateLine();
    if (head.end - head.start + added.length + 64 > target.length) return -1;

    let length = 0;
    let runStart = head.linesStart;
    if (this.status === head.status && head.minorVersion === 1) runStart = head.start;
    else if (this.status === head.status) {
      length = target.latin1Write("HTTP/1.1 ", 0);
      runStart = head.start + 9;
    } else length = target.latin1Write(statusLine(this.status), 0);
    if (head.hasHopByHop || edits !== undefined || this.dropped !== undefined || hasNoBody(this.status)) {
      for (let field = 0; field < fields.length; field += fieldWidth) {
        if (this.isPassed(field)) continue;
        const lineStart = fields[field]!;
        if (lineStart > runStart) length += bytes.copy(target, length, runStart, lineStart);
        runStart = field + fieldWidth < fields.length ? fields[field + fieldWidth]! : head.end - 2;
      }
    }
    length += bytes.copy(target, length, runStart, head.end - 2);
    return length + target.latin1Write(`${added}\r\n`, length);
  }

  private isPassed(field: number): boolean {
    const { bytes, fields, nominated } = this.head;
    const kind = fields[field + 4]!;
    if (kind >= kinds.hopByHop) return false;
    // A length is forbidden there (RFC 9110, 8.6); 304 may tell it.
    if (kind === kinds.contentLength && hasNoBody(this.status) && this.status !== 304) return false;
    const start = fields[field]!;
    const end = fields[field + 1]!;
    if (this.dropped?.matches(bytes, start, end) === true) return false;
    if (this.ownNames?.matches(bytes, start, end) === true) return false;
    if ((this.editedLengths & (1 << ((end - start) & 31))) !== 0) {
      for (const { name } of this.edits!) if (isNameAt(bytes, start, end, name)) return false;
    }
    return nominated === undefined || !nominated.includes(nameAt(bytes, fields, field));
  }

  private editOf(name: string): Edit | undefined {
    const { edits } = this;
    if (edits === undefined) return undefined;
    for (let index = 0; index < edits.length; index++) if (edits[index]!.name === name) return edits[index];
    return undefined;
  }

  private edit(name: string, values: string[]): void {
    const lowerCase = name.toLowerCase();
    // How the body ends is told by the upstream and kept; an edit could only make it untrue.
    if (framingHeaders.has(lowerCase)) return;
    let lines = "";
    for (let index = 0; index < values.length; index++) lines += headerLine(lowerCase, values[index]!);
    const known = this.editOf(lowerCase);
    if (known !== undefined) {
      known.values = values;
      known.lines = lines;
      return;
    }
    this.edits ??= [];
    this.edits.push({ name: lowerCase, values, lines });
    this.editedLengths |= 1 << (lowerCase.length & 31);
  }
}

/** What stands in place of the upstream's lines of one name. */
interface Edit {
  /** Lower case. */
  name: string;
  values: string[];
  /** Serialised. */
  lines: string;
}

const framingHeaders = new Set([
  "content-length",
  "transfer-encoding",
  "connection",
  "keep-alive",
  "upgrade",
  "trailer",
]);
