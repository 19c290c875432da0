import { createHash, randomBytes } from "node:crypto";
import { ConnectionLost, type WireAnswer, WireConnection } from "./wire-connection.ts";

/**
 * A handler that a `Load` can ask: its version at any path, events at `/events` (20 of them in about a second), and of a body that is sent
 * to it the length and hash.
 */
export const loadedHandler = (version: string): string => `
  const { createHash } = require("node:crypto");
  const version = ${JSON.stringify(version)};
  module.exports = async (request, response) => {
    response.setHeader("x-version", version);
    if (request.url === "/events") {
      response.setHeader("content-type", "text/event-stream");
      for (let number = 0; number < 20; number++) {
        response.write("data: " + version + " " + number + "\\n\\n");
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      return response.end();
    }
    if (request.method !== "POST") return response.end(version + " " + (process.env.SETTING ?? "unset"));
    const hash = createHash("sha256");
    let length = 0;
    for await (const chunk of request) {
      hash.update(chunk);
      length += chunk.length;
    }
    response.end(length + " " + hash.digest("hex"));
  };`;

type Kind = "kept" | "fresh" | "events" | "upload";

/**
 * Visitors who never stop asking one host, each kind in its own way, over connections that repeat nothing. What they may see is told by
 * `mayAnswer` and `onlyAnswers`; all else is a failure.
 */
export class Load {
  readonly failures: string[] = [];
  readonly answered: Record<Kind, number> = { kept: 0, fresh: 0, events: 0, upload: 0 };
  /** Failures that a `disturb` excuses. */
  cut = 0;
  private expected = new Set<string>();
  /** What each request under way may be answered by. */
  private readonly open = new Set<Set<string>>();
  private excusedUntilMs = 0;
  private stopping = false;
  private asked = 0;
  private readonly visitors: Promise<void>[];

  constructor(
    private readonly port: number,
    private readonly host: string,
    version: string,
    kinds: Kind[] = ["kept", "kept", "fresh", "fresh", "events", "upload"],
  ) {
    this.expected.add(version);
    this.visitors = kinds.map((kind) => this[kind]());
  }

  /** A switch to `version` has begun: whoever asks from now on, or waits for an answer, may see it. */
  mayAnswer(version: string): void {
    this.expected.add(version);
    for (const allowed of this.open) allowed.add(version);
  }

  /** The switch is confirmed: whoever asks from now on must see it. */
  onlyAnswers(version: string): void {
    this.expected = new Set([version]);
  }

  /** Breaks something: connections that were opened before its end may be lost. */
  async disturb<T>(action: () => Promise<T>): Promise<T> {
    this.excusedUntilMs = Number.POSITIVE_INFINITY;
    try {
      return await action();
    } finally {
      this.excusedUntilMs = performance.now();
    }
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await Promise.all(this.visitors);
  }

  /** One connection for as long as it lasts. */
  private async kept(): Promise<void> {
    let connection: WireConnection | undefined;
    while (!this.stopping) {
      if (connection?.ended) connection = undefined;
      await this.attempt("kept", connection?.openedMs, async (allowed) => {
        connection ??= await WireConnection.open(this.port);
        connection.send(this.head("GET", "/"));
        const used = connection;
        // Its place is taken by a new one after a failure.
        connection = undefined;
        const answer = await used.answer();
        this.check(answer, allowed);
        if (answer.headers["connection"] !== "close") connection = used;
      });
      await Bun.sleep(3);
    }
    connection?.leave();
  }

  private async fresh(): Promise<void> {
    while (!this.stopping) {
      await this.attempt("fresh", undefined, (allowed) =>
        this.alone(async (connection) => {
          connection.send(this.head("GET", "/", "Connection: close\r\n"));
          this.check(await connection.answer(), allowed);
        }),
      );
      await Bun.sleep(3);
    }
  }

  private async events(): Promise<void> {
    while (!this.stopping) {
      await this.attempt("events", undefined, (allowed) =>
        this.alone(async (connection) => {
          connection.send(this.head("GET", "/events"));
          const answer = await connection.answer();
          const version = this.check(answer, allowed);
          const all = Array.from({ length: 20 }, (_, number) => `data: ${version} ${number}\n\n`).join("");
          if (answer.body.toString() !== all) throw new Error(`Events are missing: ${answer.body}`);
        }),
      );
    }
  }

  private async upload(): Promise<void> {
    while (!this.stopping) {
      const body = randomBytes((1 + Math.floor(Math.random() * 5)) * 1024 * 1024);
      const wanted = `${body.length} ${createHash("sha256").update(body).digest("hex")}`;
      await this.attempt("upload", undefined, (allowed) =>
        this.alone(async (connection) => {
          connection.send(this.head("POST", "/", `Content-Length: ${body.length}\r\n`));
          for (let at = 0; at < body.length; at += 512 * 1024) {
            connection.send(body.subarray(at, at + 512 * 1024));
            await Bun.sleep(5);
          }
          const answer = await connection.answer();
          this.check(answer, allowed);
          if (answer.body.toString() !== wanted)
            throw new Error(`Sent ${wanted}, but the function received ${answer.body}`);
        }),
      );
      await Bun.sleep(50);
    }
  }

  private head(method: string, path: string, more = ""): string {
    // Each request is another visitor's: a canary answers its share of them.
    const visitor = `User-Agent: visitor-${this.asked++}\r\n`;
    return `${method} ${path} HTTP/1.1\r\nHost: ${this.host}:${this.port}\r\n${visitor}${more}\r\n`;
  }

  private async alone(use: (connection: WireConnection) => Promise<void>): Promise<void> {
    const connection = await WireConnection.open(this.port);
    try {
      await use(connection);
    } finally {
      connection.leave();
    }
  }

  /** @param openedMs when its connection was opened, where that is older than the request */
  private async attempt(
    kind: Kind,
    openedMs: number | undefined,
    ask: (allowed: Set<string>) => Promise<void>,
  ): Promise<void> {
    const allowed = new Set(this.expected);
    this.open.add(allowed);
    const begunMs = openedMs ?? performance.now();
    try {
      await ask(allowed);
      this.answered[kind]++;
    } catch (error) {
      const lost =
        error instanceof ConnectionLost || /ECONN|EPIPE/.test((error as { code?: string }).code ?? "");
      if (lost && begunMs <= this.excusedUntilMs) this.cut++;
      else this.failures.push(`${new Date().toISOString()} ${kind}: ${(error as Error).message}`);
      await Bun.sleep(20);
    } finally {
      this.open.delete(allowed);
    }
  }

  /** @returns the version that answered */
  private check(answer: WireAnswer, allowed: Set<string>): string {
    const version = answer.headers["x-version"] ?? "nobody";
    if (answer.status !== 200)
      throw new Error(`answered ${answer.status}: ${answer.body.toString().slice(0, 300)}`);
    if (!allowed.has(version)) throw new Error(`stale: ${version} instead of ${[...allowed].join(" or ")}`);
    return version;
  }
}
