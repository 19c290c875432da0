import { readFile } from "node:fs/promises";
import { StoredFileUnreadableError } from "../errors.ts";
import type { Exchange, HeaderPairs } from "../http/exchange.ts";
import { prepareResponse } from "../http/prepared-response.ts";
import { chooseVariant, type Variant } from "./accepted-coding.ts";
import { type BodySlice, sendSlices } from "./body-slices.ts";
import { type ByteRange, contentRange, parseByteRanges } from "./byte-ranges.ts";
import { evaluateConditions, rangeStillHolds } from "./conditions.ts";
import { entityTagOf, fileHeaders, headersWithoutBody, type ServedFile } from "./file-headers.ts";
import { type PreparedFile, ResponseMemory } from "./response-memory.ts";

export interface FileServerOptions {
  /** Where the store keeps the bytes of a hash (`artifactFilePath`). */
  filePath: (hash: string) => string;
  /** Largest file that is kept in memory; default 64 KiB. */
  smallFileBytes?: number;
  /** Memory for small files, heads included; default 64 MiB. */
  memoryBytes?: number;
}

type FileExchange = Pick<
  Exchange,
  "method" | "header" | "respond" | "respondPrepared" | "startResponse" | "onAbort"
>;

/** Serves files of the artifact store: small ones from memory in one write, others from disk. Files never change, so nothing is ever checked again. */
export class FileServer {
  private readonly memory: ResponseMemory;
  private readonly smallFileBytes: number;
  private readonly loading = new Map<string, Promise<PreparedFile>>();

  constructor(private readonly options: FileServerOptions) {
    this.memory = new ResponseMemory(options.memoryBytes);
    this.smallFileBytes = options.smallFileBytes ?? 64 * 1024;
  }

  /**
   * Answers the exchange with a file: conditions, ranges and codings as the client asks, 405 for methods other than GET and HEAD. A `served.status`
   * other than 200 (an error page) is sent whole, whatever the method.
   *
   * @param extraHeaders of this very answer (`x-vercel-id`); the other headers stand in `served`.
   * @throws {StoredFileUnreadableError} where nothing was sent yet, or the connection is broken already.
   */
  serve(exchange: FileExchange, served: ServedFile, extraHeaders: HeaderPairs = []): void | Promise<void> {
    const { method } = exchange;
    if (isPlain(served) && method !== "GET" && method !== "HEAD") {
      refuseMethod(exchange, extraHeaders);
      return;
    }
    const variant = chooseVariant(served.file, exchange.header("accept-encoding"));
    if (variant.stored.sizeBytes > this.smallFileBytes)
      return this.serveLarge(exchange, served, variant, extraHeaders);
    const shelf = this.memory.shelf(served);
    const prepared = this.memory.find(shelf, variant.coding);
    if (prepared) {
      answerSmall(exchange, served, variant, prepared, extraHeaders);
      return;
    }
    return this.load(`${variant.coding} ${shelf.name}`, served, variant).then((loaded) => {
      this.memory.keep(shelf, variant.coding, loaded);
      answerSmall(exchange, served, variant, loaded, extraHeaders);
    });
  }

  /** Reads a file once, however many ask for it meanwhile. */
  private load(name: string, served: ServedFile, variant: Variant): Promise<PreparedFile> {
    let loading = this.loading.get(name);
    if (!loading) {
      loading = this.prepare(served, variant).finally(() => this.loading.delete(name));
      this.loading.set(name, loading);
    }
    return loading;
  }

  private async prepare(served: ServedFile, variant: Variant): Promise<PreparedFile> {
    const { hash, sizeBytes } = variant.stored;
    const path = this.options.filePath(hash);
    const bytes = await readFile(path).catch((error: unknown) => {
      throw new StoredFileUnreadableError(path, (error as Error).message, error);
    });
    if (bytes.length !== sizeBytes) {
      throw new StoredFileUnreadableError(path, `it has ${bytes.length} bytes, not ${sizeBytes}`);
    }
    const headers = fileHeaders(served, variant);
    const whole = prepareResponse(served.status ?? 200, headers, bytes);
    return {
      whole,
      notModified: prepareResponse(304, headersWithoutBody(headers)),
      body: whole.bytes.subarray(whole.bytes.length - sizeBytes),
    };
  }

  private async serveLarge(
    exchange: FileExchange,
    served: ServedFile,
    variant: Variant,
    extraHeaders: HeaderPairs,
  ): Promise<void> {
    const { hash, sizeBytes } = variant.stored;
    const headers: HeaderPairs = [...fileHeaders(served, variant), ...extraHeaders];
    const plan = planAnswer(exchange, served, variant);
    if (typeof plan === "string" && plan !== "whole") {
      answerWithoutBody(exchange, plan, headers, sizeBytes);
      return;
    }
    const status = served.status ?? 200;
    if (exchange.method === "HEAD") {
      exchange.respond(status, [...headers, ["content-length", String(sizeBytes)]]);
      return;
    }
    const path = this.options.filePath(hash);
    const all: BodySlice[] = [{ start: 0, end: sizeBytes - 1 }];
    const answer =
      plan === "whole" ? { status, headers, slices: all } : partialAnswer(headers, plan, sizeBytes);
    await sendSlices(exchange, answer.status, answer.headers, path, answer.slices);
  }
}

const isPlain = ({ status }: ServedFile): boolean => status === undefined || status === 200;

type Plan = "whole" | "not_modified" | "failed" | "unsatisfiable" | ByteRange[];

/** What of the file the request's headers ask for. */
function planAnswer(exchange: FileExchange, served: ServedFile, variant: Variant): Plan {
  if (!isPlain(served)) return "whole";
  const etag = entityTagOf(variant);
  const conditions = evaluateConditions(exchange.header("if-match"), exchange.header("if-none-match"), etag);
  if (conditions !== "proceed") return conditions;
  const range = exchange.method === "GET" ? exchange.header("range") : undefined;
  if (range === undefined || !rangeStillHolds(exchange.header("if-range"), etag)) return "whole";
  const ranges = parseByteRanges(range, variant.stored.sizeBytes);
  if (!ranges) return "whole";
  return ranges.length === 0 ? "unsatisfiable" : ranges;
}

function answerSmall(
  exchange: FileExchange,
  served: ServedFile,
  variant: Variant,
  prepared: PreparedFile,
  extraHeaders: HeaderPairs,
): void {
  const plan = planAnswer(exchange, served, variant);
  if (plan === "whole" || plan === "not_modified") {
    exchange.respondPrepared(plan === "whole" ? prepared.whole : prepared.notModified, extraHeaders);
    return;
  }
  const headers: HeaderPairs = [...fileHeaders(served, variant), ...extraHeaders];
  if (typeof plan === "string") {
    answerWithoutBody(exchange, plan, headers, prepared.body.length);
    return;
  }
  const partial = partialAnswer(headers, plan, prepared.body.length);
  const slices = partial.slices.map((slice) =>
    slice instanceof Uint8Array ? slice : prepared.body.subarray(slice.start, slice.end + 1),
  );
  exchange.respond(partial.status, partial.headers, slices.length === 1 ? slices[0] : Buffer.concat(slices));
}

/** One range is the body itself, several are parts of a `multipart/byteranges` (RFC 9110, 14.6). */
function partialAnswer(
  headers: HeaderPairs,
  ranges: ByteRange[],
  sizeBytes: number,
): { status: 206; headers: HeaderPairs; slices: BodySlice[] } {
  if (ranges.length === 1) {
    const range = ranges[0]!;
    return {
      status: 206,
      headers: [...headers, ["content-range", contentRange(range, sizeBytes)]],
      slices: [range],
    };
  }
  const boundary = crypto.randomUUID();
  const contentType = headers.find(([name]) => name === "content-type");
  const slices = ranges.flatMap((range, index): BodySlice[] => {
    const type = contentType ? `content-type: ${contentType[1]}\r\n` : "";
    const head = `${index === 0 ? "" : "\r\n"}--${boundary}\r\n${type}content-range: ${contentRange(range, sizeBytes)}\r\n\r\n`;
    return [Buffer.from(head, "latin1"), range];
  });
  slices.push(Buffer.from(`\r\n--${boundary}--\r\n`));
  const others = headers.filter((header) => header !== contentType);
  return {
    status: 206,
    headers: [...others, ["content-type", `multipart/byteranges; boundary=${boundary}`]],
    slices,
  };
}

function refuseMethod(exchange: FileExchange, extraHeaders: HeaderPairs): void {
  const headers: HeaderPairs = [
    ["allow", "GET, HEAD"],
    ["content-type", "text/plain; charset=utf-8"],
    ...extraHeaders,
  ];
  exchange.respond(
    405,
    headers,
    "The request method is not allowed for a static file\n\nINVALID_REQUEST_METHOD\n",
  );
}

const bodilessStatus = { not_modified: 304, failed: 412, unsatisfiable: 416 };

function answerWithoutBody(
  exchange: FileExchange,
  plan: keyof typeof bodilessStatus,
  headers: HeaderPairs,
  sizeBytes: number,
): void {
  const range: HeaderPairs = plan === "unsatisfiable" ? [["content-range", `bytes */${sizeBytes}`]] : [];
  exchange.respond(bodilessStatus[plan], [...headersWithoutBody(headers), ...range]);
}
