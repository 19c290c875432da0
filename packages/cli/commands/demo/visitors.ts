import { request } from "node:http";

/** What visitors saw within one second. */
export interface SeenSecond {
  atMs: number;
  /** Answers by version. */
  versions: Record<string, { passed: number; failed: number }>;
  /** Requests that got no answer. */
  lost: number;
}

/** People who look at an app at a steady rate, and count what they see. */
export class Visitors {
  private readonly timers: ReturnType<typeof setInterval>[];
  private second: SeenSecond = { atMs: Date.now(), versions: {}, lost: 0 };
  readonly seconds: SeenSecond[] = [];

  constructor(
    private readonly target: { host: string; port: number; path: string; address: string },
    perSecond: number,
    private readonly onSecond: (second: SeenSecond) => void,
  ) {
    this.timers = [setInterval(() => this.ask(), 1_000 / perSecond), setInterval(() => this.tell(), 1_000)];
  }

  stop(): void {
    for (const timer of this.timers) clearInterval(timer);
  }

  /** The version that answered last. */
  latest: string | undefined;

  private ask(): void {
    const { host, port, path, address } = this.target;
    // Browsers resolve `*.localhost` by themselves, Node.js does not.
    const asked = request(
      { host: address, port, path, headers: { host: `${host}:${port}` }, agent: false },
      (answer) => {
        const version = String(answer.headers["x-version"] ?? "none");
        this.latest = version;
        const seen = this.second.versions[version] ?? { passed: 0, failed: 0 };
        this.second.versions[version] = seen;
        if ((answer.statusCode ?? 500) < 500) seen.passed++;
        else seen.failed++;
        answer.resume();
      },
    );
    asked.on("error", () => this.second.lost++);
    asked.end();
  }

  private tell(): void {
    const second = this.second;
    this.second = { atMs: Date.now(), versions: {}, lost: 0 };
    this.seconds.push(second);
    this.onSecond(second);
  }
}
