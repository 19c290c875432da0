import { everyValue, fieldWidth, firstValue, nameAt, valueAt } from "./header-block.ts";

/** One request's head as it was received, with what the engine needs to know of it; everything else is cut out of the bytes when asked for. */
export class RequestHead {
  minorVersion = 1;
  /** As in `Exchange`. */
  hostPort = "";
  /** Position in `bytes` where the origin-form target stands. */
  targetStart = 0;
  targetEnd = 0;
  /** The request line, the first header line, and the position after the head. */
  start = 0;
  linesStart = 0;
  end = 0;
  /** -1: no Content-Length. */
  contentLength = -1;
  chunked = false;
  keepAlive = true;
  /** The value of `Upgrade` in lower case if `Connection` names it. */
  upgrade = "";
  expectsContinue = false;
  /** Names that `Connection` lists beside the known ones, in lower case: they concern this hop alone. */
  nominated: string[] | undefined;
  private targetText: string | undefined;

  constructor(
    readonly bytes: Buffer,
    readonly method: string,
    readonly fields: Int32Array,
  ) {}

  get target(): string {
    this.targetText ??= this.targetStart < 0 ? "/" : this.bytes.latin1Slice(this.targetStart, this.targetEnd);
    return this.targetText;
  }

  /** For an absolute target without a path, or with a query alone. */
  set target(text: string) {
    this.targetText = text;
    this.targetStart = -1;
  }

  header(name: string): string | undefined {
    return firstValue(this.bytes, this.fields, name);
  }

  headerValues(name: string): string[] {
    return everyValue(this.bytes, this.fields, name);
  }

  headers(): [name: string, value: string][] {
    const pairs: [string, string][] = [];
    for (let field = 0; field < this.fields.length; field += fieldWidth) {
      pairs.push([nameAt(this.bytes, this.fields, field), valueAt(this.bytes, this.fields, field)]);
    }
    return pairs;
  }

  get hasBody(): boolean {
    return this.chunked || this.contentLength > 0;
  }
}
