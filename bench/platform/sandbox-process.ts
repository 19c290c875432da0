import { existsSync, readFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { type HomeLayout, homeLayout, type SandboxRoutes } from "@evenkeel/model";
import type { Bench } from "../bench.ts";
import { PeerFailedError } from "../errors.ts";
import { onCore } from "../machine/cores.ts";
import { type OwnedProcess, startProcess } from "../machine/owned-process.ts";
import { listProcesses } from "../machine/process-tree.ts";
import { repository } from "../repository.ts";

const app = "shop";
const account = `/accounts/${app}/preview`;
const startLimitMs = 20_000;

export interface Callback {
  path: string;
  params: URLSearchParams;
}

/** The process of the twins, alone on a core, with a stand-in for the edges and the app behind them. */
export class SandboxProcess {
  readonly layout: HomeLayout;
  /** Hears of each webhook. */
  onCallback: (callback: Callback) => void = () => {};
  private process: OwnedProcess | undefined;
  private credentials: Record<string, string> = {};

  private constructor(
    private readonly bench: Bench,
    private readonly home: string,
    private readonly edgePort: number,
  ) {
    this.layout = homeLayout(home);
  }

  static make(bench: Bench): SandboxProcess {
    let made: SandboxProcess | undefined;
    const edge = Bun.serve({
      ...{ port: 0, hostname: "127.0.0.1" },
      async fetch(incoming) {
        const { pathname } = new URL(incoming.url);
        made!.onCallback({ path: pathname, params: new URLSearchParams(await incoming.text()) });
        return new Response(null, { status: 204 });
      },
    });
    bench.resources.defer(() => edge.stop(true));
    made = new SandboxProcess(bench, bench.makeFolder("sandbox"), edge.port!);
    return made;
  }

  /** Milliseconds from the start of the program until it says that it answers. */
  async start(): Promise<number> {
    const logPath = join(this.home, `sandbox-${performance.now()}.log`);
    const begunMs = performance.now();
    this.process = startProcess(
      this.bench,
      "The sandbox",
      onCore(this.bench.cores.server, [
        join(repository, "scripts/bun"),
        join(repository, "packages/sandbox/main.ts"),
      ]),
      {
        logPath,
        environment: {
          EVENKEEL_HOME: this.home,
          EVENKEEL_RUN: this.layout.run,
          EVENKEEL_PORT: String(this.edgePort),
        },
      },
    );
    while (!existsSync(logPath) || !readFileSync(logPath, "utf8").includes('"ready":true')) {
      this.process.requireRunning();
      if (performance.now() - begunMs > startLimitMs) throw new PeerFailedError("The sandbox does not start");
      await Bun.sleep(1);
    }
    const tookMs = performance.now() - begunMs;
    await this.admin("PUT", account);
    const { variables } = await this.admin<{ variables: Record<string, Record<string, string>> }>(
      "GET",
      `${account}/variables`,
    );
    this.credentials = Object.assign({}, ...Object.values(variables));
    return tookMs;
  }

  async stop(): Promise<void> {
    const { pid } = this.process!;
    process.kill(pid, "SIGTERM");
    while (listProcesses().some((each) => each.pid === pid)) await Bun.sleep(5);
  }

  variable(name: string): string {
    return this.credentials[name]!;
  }

  /** Of a clean account. */
  async begin(seed: string, speed: number): Promise<void> {
    await this.admin("POST", `${account}/reset`, { seed });
    await this.admin("POST", `${account}/time`, { speed });
  }

  cpuMs(): number {
    const { pid } = this.process!;
    const own = listProcesses().find((each) => each.pid === pid);
    if (own) return own.cpuMs;
    throw new PeerFailedError("The sandbox has ended");
  }

  /** As Twilio's SDK asks. */
  async twilio(resource: "Calls" | "Messages", form: [string, string][]): Promise<string> {
    const [sid, token] = [this.variable("TWILIO_ACCOUNT_SID"), this.variable("TWILIO_AUTH_TOKEN")];
    const { port } = JSON.parse(readFileSync(this.layout.sandboxRoutes, "utf8")) as SandboxRoutes;
    const response = await fetch(
      `http://127.0.0.1:${port}/twilio/2010-04-01/Accounts/${sid}/${resource}.json`,
      {
        method: "POST",
        headers: { authorization: `Basic ${btoa(`${sid}:${token}`)}` },
        body: new URLSearchParams([["From", this.variable("TWILIO_PHONE_NUMBER")], ...form]),
      },
    );
    const made = (await response.json()) as { sid: string; message?: string };
    if (!response.ok) throw new PeerFailedError(`The twin refused: ${made.message}`);
    return made.sid;
  }

  /** A phone that always takes the call, after so long. */
  async phone(number: string, ringMs: number): Promise<void> {
    const settings = { holder: "persona", pickup: "answers", ringMs, says: ["Hello?"] };
    await this.admin("PUT", `${account}/phones/${encodeURIComponent(number)}`, settings);
  }

  private admin<Reply>(method: string, path: string, body: object = {}): Promise<Reply> {
    const { promise, resolve, reject } = Promise.withResolvers<Reply>();
    const options = { socketPath: this.layout.sandboxSocket, method, path, agent: false } as const;
    const asked = request(options, (response) => {
      let text = "";
      response.on("data", (piece) => {
        text += piece;
      });
      response.on("end", () => {
        if (response.statusCode === 200) resolve(JSON.parse(text) as Reply);
        else reject(new PeerFailedError(`${method} ${path}: ${text}`));
      });
    });
    asked.on("error", reject);
    asked.end(JSON.stringify(body));
    return promise;
  }
}
