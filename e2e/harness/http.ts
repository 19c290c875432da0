import { type IncomingHttpHeaders, request as nodeRequest } from "node:http";

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
  text(): string;
  json(): unknown;
}

export interface Asked {
  port: number;
  host: string;
  path: string;
  method?: string;
  headers?: Record<string, string | string[]>;
  body?: string | Uint8Array;
  /** Hears each chunk as it comes. */
  onChunk?: (chunk: Buffer) => void;
}

/** One request over a connection of its own, to a host name that need not resolve. Redirects are not followed. */
export function request(asked: Asked): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const call = nodeRequest(
    {
      host: "127.0.0.1",
      port: asked.port,
      path: asked.path,
      method: asked.method ?? (asked.body === undefined ? "GET" : "POST"),
      headers: { host: `${asked.host}:${asked.port}`, ...asked.headers },
      agent: false,
    },
    (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        asked.onChunk?.(chunk);
      });
      response.on("error", reject);
      response.on("end", () => {
        const body = Buffer.concat(chunks);
        resolve({
          status: response.statusCode!,
          headers: response.headers,
          body,
          text: () => body.toString(),
          json: () => JSON.parse(body.toString()),
        });
      });
    },
  );
  call.on("error", reject);
  call.end(asked.body);
  return promise;
}

/** Looks again until `check` holds; fails with what was last seen. */
export async function eventually<T>(
  look: () => Promise<T> | T,
  check: (seen: T) => boolean,
  limitMs = 30_000,
): Promise<T> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const seen = await look();
    if (check(seen)) return seen;
    if (Date.now() > deadline)
      throw new Error(`Not within ${limitMs} ms; last seen: ${String(JSON.stringify(seen)).slice(0, 2000)}`);
    await Bun.sleep(50);
  }
}
