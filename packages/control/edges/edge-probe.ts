import { type IncomingMessage, request } from "node:http";
import { probeHeader, probeMark } from "@evenkeel/model";
import { EdgeUnreachableError } from "../errors.ts";

export interface ProbeAnswer {
  status: number;
  /** Which deployment answered, `x-evenkeel-deployment`; absent when the edge itself answered. */
  deployment?: string;
  /** The edge's code for an answer that it had to give in the app's place (`x-vercel-error`), and its words. */
  fault?: { code: string; message?: string };
}

const bodyLimitBytes = 64 * 1024;
const wholeLimitBytes = 1024 ** 2;

/** Sees the platform as a visitor does: one request over a connection of its own, through an edge. */
export class EdgeProbe {
  /** On which edges are reached from this machine. */
  readonly address: string;

  /** @param key contents of `HomeLayout.probeKey` */
  constructor(
    address: string,
    private readonly port: number,
    private readonly key: Uint8Array,
  ) {
    this.address = address === "0.0.0.0" ? "127.0.0.1" : address === "::" ? "::1" : address;
  }

  /** `GET /` at a host; only the head of the answer is waited for. Redirects are answers. @throws EdgeUnreachableError */
  ask(host: string, limitMs: number, signal?: AbortSignal): Promise<ProbeAnswer> {
    return this.call(host, { path: "/", method: "GET" }, limitMs, readAnswer, signal);
  }

  /** The whole answer, of its body at most a mebibyte. @throws EdgeUnreachableError also where it takes longer than `limitMs` */
  read(
    host: string,
    asked: { path: string; method: "GET" | "HEAD" },
    limitMs: number,
    signal?: AbortSignal,
  ): Promise<{ status: number; body: string }> {
    return this.call(host, asked, limitMs, readWhole, signal);
  }

  private call<Answer>(
    host: string,
    { path, method }: { path: string; method: "GET" | "HEAD" },
    limitMs: number,
    take: (response: IncomingMessage) => Promise<Answer>,
    signal: AbortSignal | undefined,
  ): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const limit = AbortSignal.timeout(limitMs);
    const call = request({
      host: this.address,
      port: this.port,
      path,
      method,
      headers: {
        host: this.port === 80 ? host : `${host}:${this.port}`,
        "user-agent": "evenkeel-probe",
        [probeHeader]: probeMark(this.key, host),
        // Platform pages come as JSON then; apps answer as they would to any client.
        accept: "*/*",
      },
      agent: false,
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    });
    call.on("response", (response) => {
      take(response).then(resolve, fail);
    });
    const fail = (cause: unknown) => {
      if (signal?.aborted) reject(signal.reason);
      else reject(new EdgeUnreachableError(host, { cause }));
    };
    call.on("error", fail);
    call.end();
    return promise;
  }

  /**
   * Asks until `deployment` answers at `host`, again every 5 ms: for the moments in which an edge is restarted or has not yet
   * heard of the change.
   *
   * @returns the last answer, which is of another deployment when the limit passed; undefined when no edge answered
   */
  async untilAnsweredBy(
    deployment: string,
    host: string,
    limitMs: number,
    signal?: AbortSignal,
  ): Promise<ProbeAnswer | undefined> {
    const deadline = Date.now() + limitMs;
    let last: ProbeAnswer | undefined;
    for (let pauseMs = 5; ; pauseMs = Math.min(250, pauseMs * 2)) {
      signal?.throwIfAborted();
      const remainingMs = deadline - Date.now();
      if (remainingMs <= 0) return last;
      try {
        last = await this.ask(host, remainingMs, signal);
        if (last.deployment === deployment) return last;
      } catch (error) {
        if (!(error instanceof EdgeUnreachableError)) throw error;
      }
      await Bun.sleep(pauseMs);
    }
  }
}

async function readWhole(response: IncomingMessage): Promise<{ status: number; body: string }> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of response) {
    pieces.push(piece);
    length += piece.length;
    if (length > wholeLimitBytes) break;
  }
  return { status: response.statusCode!, body: Buffer.concat(pieces).toString("utf8") };
}

async function readAnswer(response: IncomingMessage): Promise<ProbeAnswer> {
  const one = (name: string) => {
    const value = response.headers[name];
    return Array.isArray(value) ? value[0] : value;
  };
  const answer: ProbeAnswer = { status: response.statusCode! };
  const deployment = one("x-evenkeel-deployment");
  const code = one("x-vercel-error");
  if (deployment) answer.deployment = deployment;
  if (code) answer.fault = { code, ...(await readReason(response)) };
  response.destroy();
  return answer;
}

async function readReason(response: IncomingMessage): Promise<{ message?: string }> {
  try {
    let text = "";
    for await (const chunk of response) {
      text += chunk;
      if (text.length > bodyLimitBytes) return {};
    }
    const { error } = JSON.parse(text);
    const parts = [error.message, error.detail?.message].filter(
      (part) => typeof part === "string" && part !== "",
    );
    return parts.length > 0 ? { message: parts.join(" ") } : {};
  } catch {
    // The code says enough.
    return {};
  }
}
