import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AppName, type HomeLayout, homeLayout } from "@evenkeel/model";
import type { Account } from "../accounts/account.ts";
import type { Provider } from "../provider/provider.ts";
import { Sandbox } from "../server/sandbox.ts";

export interface ReceivedWebhook {
  url: string;
  method: string;
  headers: Record<string, string>;
  body: string;
}

/** What the app answers; a `Response`, or text that is sent as XML. */
export type AppHandler = (webhook: ReceivedWebhook) => Response | string | Promise<Response | string>;

/** A sandbox with real sockets and a real file, and an app behind a stand-in for the edge. */
export class TestSandbox {
  readonly received: ReceivedWebhook[] = [];
  handler: AppHandler = () => new Response(null, { status: 204 });
  private sandbox!: Sandbox;

  private constructor(
    readonly folder: string,
    readonly layout: HomeLayout,
    private readonly providers: readonly Provider[],
    private readonly edge: ReturnType<typeof Bun.serve>,
  ) {}

  static async start(providers: readonly Provider[]): Promise<TestSandbox> {
    const folder = mkdtempSync(join(tmpdir(), "ek-sandbox-"));
    const layout = homeLayout(folder);
    let test: TestSandbox | undefined;
    const edge = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      reusePort: false,
      fetch: (request) => test!.hear(request),
    });
    test = new TestSandbox(folder, layout, providers, edge);
    await test.boot();
    writeFileSync(layout.apiToken, "administrator");
    return test;
  }

  /** The process ends and starts again, with what is on disk. */
  async restart(): Promise<void> {
    await this.sandbox.stop();
    await this.boot();
  }

  account(app = "shop", environment: "preview" | "production" = "preview"): Account {
    return this.sandbox.accounts.ensure({ app: app as AppName, environment });
  }

  get port(): number {
    return this.sandbox.routes.port;
  }

  get routes() {
    return this.sandbox.routes;
  }

  /** Where apps reach a twin by address. */
  base(provider: string): string {
    return `http://127.0.0.1:${this.port}/${provider}`;
  }

  variables(provider: Provider, account = this.account()): Record<string, string> {
    return provider.variables(account, this.base(provider.name));
  }

  /** What was asked, newest first, whole. */
  get requests() {
    return this.account().requests.newestFirst();
  }

  async admin<Reply = Record<string, unknown>>(method: string, path: string, body?: object): Promise<Reply> {
    const response = await fetch(`http://127.0.0.1:${this.port}/_sandbox${path}`, {
      method,
      headers: { authorization: "Bearer administrator" },
      ...(body && { body: JSON.stringify(body) }),
    });
    const reply = await response.json();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(reply)}`);
    return reply as Reply;
  }

  /** Looks again until `check` holds. */
  async until(check: () => boolean | Promise<boolean>, limitMs = 30_000): Promise<void> {
    const deadline = Date.now() + limitMs;
    while (!(await check())) {
      if (Date.now() > deadline) {
        throw new Error(
          `Not within ${limitMs} ms; received: ${JSON.stringify(this.received).slice(0, 3_000)}`,
        );
      }
      await Bun.sleep(5);
    }
  }

  async stop(): Promise<void> {
    await this.sandbox.stop();
    await this.edge.stop(true);
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async boot(): Promise<void> {
    const edge = { host: "127.0.0.1", port: this.edge.port! };
    this.sandbox = await Sandbox.start({ layout: this.layout, edge, providers: this.providers });
  }

  private async hear(request: Request): Promise<Response> {
    const host = request.headers.get("host") ?? "";
    if (!/\.localhost(?::\d+)?$/.test(host)) {
      return new Response("{}", { status: 404, headers: { "x-vercel-error": "DEPLOYMENT_NOT_FOUND" } });
    }
    const { pathname, search } = new URL(request.url);
    const webhook: ReceivedWebhook = {
      url: `https://${host}${pathname}${search}`,
      method: request.method,
      headers: Object.fromEntries(request.headers),
      body: await request.text(),
    };
    this.received.push(webhook);
    const answer = await this.handler(webhook);
    return typeof answer === "string"
      ? new Response(answer, { headers: { "content-type": "text/xml" } })
      : answer;
  }
}
