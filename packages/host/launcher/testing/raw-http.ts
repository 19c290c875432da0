import { connect, type Socket } from "node:net";

export interface RawAnswer {
  status: number;
  reason: string;
  /** As they were sent, names in lower case. */
  lines: [string, string][];
  /** Last value by name. */
  headers: Record<string, string>;
  text: string;
  /** The body ended as HTTP wants it, not by a cut connection. */
  complete: boolean;
}

export interface RawRequest {
  method?: string;
  path?: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  /** How often the body is sent, one after the other; default 1. */
  times?: number;
}

/** One request on a connection of its own, byte for byte, and its whole answer, or what came of it before the server closed. */
export async function request(socketPath: string, options: RawRequest = {}): Promise<RawAnswer> {
  const socket = await open(socketPath);
  socket.write(headOf(options));
  const body = Buffer.from(options.body ?? "");
  void writeTimes(socket, body, options.times ?? 1);
  const isHead = options.method === "HEAD";
  const chunks: Buffer[] = [];
  return new Promise((resolve, reject) => {
    const received = () => Buffer.concat(chunks);
    socket.on("data", (chunk) => {
      chunks.push(Buffer.from(chunk));
      if (!received().includes("\r\n\r\n") || !parseAnswer(received(), isHead).complete) return;
      resolve(parseAnswer(received(), isHead));
      socket.destroy();
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      try {
        resolve(parseAnswer(received(), isHead));
      } catch (error) {
        reject(error);
      }
    });
  });
}

async function writeTimes(socket: Socket, bytes: Buffer, times: number): Promise<void> {
  for (let time = 0; time < times && bytes.length > 0 && !socket.destroyed; time++) {
    if (socket.write(bytes)) continue;
    await new Promise<void>((resolve) => {
      const go = () => {
        socket.off("drain", go).off("close", go);
        resolve();
      };
      socket.on("drain", go).on("close", go);
    });
  }
}

export function open(socketPath: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    socket.once("connect", () => resolve(socket));
    socket.once("error", reject);
  });
}

/** The head of a request as edges send it. */
export function headOf({ method = "GET", path = "/", headers = {}, body, times = 1 }: RawRequest): string {
  const edges = {
    "x-forwarded-proto": "https",
    "x-forwarded-host": "shop.localhost",
    "x-real-ip": "203.0.113.9",
  };
  const lines = Object.entries({
    host: "shop.localhost",
    ...("x-evenkeel-origin" in headers ? {} : edges),
    ...(body === undefined || headers["transfer-encoding"]
      ? {}
      : { "content-length": String(Buffer.byteLength(body) * times) }),
    ...headers,
  });
  return `${method} ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
}

export function parseAnswer(bytes: Buffer, isHead = false): RawAnswer {
  const end = bytes.indexOf("\r\n\r\n");
  if (end === -1) throw new Error(`No whole head came: ${JSON.stringify(bytes.toString())}`);
  const [first, ...rest] = bytes.subarray(0, end).toString("latin1").split("\r\n");
  const match = /^HTTP\/1\.1 (\d{3}) ?(.*)$/.exec(first!);
  if (!match) throw new Error(`Not a status line: ${first}`);
  const lines = rest.map((line): [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  const headers = Object.fromEntries(lines);
  const status = Number(match[1]);
  const bodiless = isHead || status === 204 || status === 304;
  const { text, complete } = bodyOf(bytes.subarray(end + 4), headers, bodiless);
  return { status, reason: match[2]!, lines, headers, text, complete };
}

/** A body without length or chunks ends with its connection, so it is never known to be complete. */
function bodyOf(
  bytes: Buffer,
  headers: Record<string, string>,
  bodiless: boolean,
): { text: string; complete: boolean } {
  if (bodiless || headers["transfer-encoding"] === undefined) {
    return {
      text: bytes.toString(),
      complete: bodiless || Number(headers["content-length"]) === bytes.length,
    };
  }
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd === -1) return { text: Buffer.concat(parts).toString(), complete: false };
    const size = Number.parseInt(bytes.toString("latin1", at, lineEnd), 16);
    if (size === 0) return { text: Buffer.concat(parts).toString(), complete: true };
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
}
