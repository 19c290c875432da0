import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { type Answer, type Asked, request } from "./http.ts";

export const repository = join(import.meta.dir, "../..");
/** Tools from npm are installed once for all test files; apps and data never are. */
const sharedToolchain = "/var/tmp/evenkeel-test-toolchain";

export interface CommandResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

export interface Deployed {
  app: string;
  id: string;
  /** Immutable host name, without port. */
  host: string;
  /** Where people find it: the production or branch alias. */
  url: string;
}

/** A whole platform in a data directory of its own, driven by the real command line. */
export class TestPlatform {
  readonly folder: string;
  readonly home: string;

  private constructor(
    folder: string,
    readonly port: number,
  ) {
    this.folder = folder;
    this.home = join(folder, "home");
  }

  /** @param options further options of `up` */
  static async start(...options: string[]): Promise<TestPlatform> {
    const folder = mkdtempSync(join(tmpdir(), "ek-"));
    Bun.spawnSync(["chmod", "711", folder]);
    const platform = new TestPlatform(folder, await freePort());
    mkdirSync(sharedToolchain, { recursive: true });
    mkdirSync(platform.home);
    symlinkSync(sharedToolchain, join(platform.home, "toolchain"));
    await platform.must("up", "--detach", "--port", String(platform.port), ...options);
    return platform;
  }

  /** Runs a command; never throws. */
  async run(...words: string[]): Promise<CommandResult> {
    return this.runIn(repository, words);
  }

  async runIn(
    folder: string,
    words: string[],
    environment: Record<string, string> = {},
    input?: string,
  ): Promise<CommandResult> {
    const child = Bun.spawn([join(repository, "evenkeel"), ...words], {
      cwd: folder,
      env: { ...process.env, EVENKEEL_HOME: this.home, ...environment },
      stdin: input === undefined ? "ignore" : Buffer.from(input),
      stdout: "pipe",
      stderr: "pipe",
    });
    const [stdout, stderr, exitCode] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    return { exitCode, stdout, stderr };
  }

  /** Runs a command that has to succeed; its standard output. */
  async must(...words: string[]): Promise<string> {
    const result = await this.run(...words);
    if (result.exitCode !== 0) {
      throw new Error(
        `evenkeel ${words.join(" ")} ended with ${result.exitCode}:\n${result.stderr}\n${result.stdout}`,
      );
    }
    return result.stdout;
  }

  async json<T>(...words: string[]): Promise<T> {
    return JSON.parse(await this.must(...words, "--json")) as T;
  }

  /** Runs a command that has to fail; what it did. */
  async failing(...words: string[]): Promise<CommandResult> {
    const result = await this.run(...words);
    if (result.exitCode === 0)
      throw new Error(`evenkeel ${words.join(" ")} was to fail, but did not:\n${result.stdout}`);
    return result;
  }

  /** The administrator's token. */
  get token(): string {
    return readFileSync(join(this.home, "keys/api-token"), "utf8").trim();
  }

  /** Asks the control plane through an edge, as its administrator. */
  api(method: string, path: string, body?: object): Promise<Answer> {
    const headers = { authorization: `Bearer ${this.token}`, "content-type": "application/json" };
    return this.ask("localhost", `/api${path}`, { method, headers, body: JSON.stringify(body ?? {}) });
  }

  /** An empty folder for an app's source, gone with the platform. */
  sourceFolder(name: string): string {
    const folder = join(this.folder, "sources", name);
    mkdirSync(folder, { recursive: true });
    return folder;
  }

  /** A copy of a fixture without what a developer's machine adds, to be changed at will. */
  copyFixture(name: string, as = name): string {
    const from = join(repository, "e2e/fixtures", name);
    const to = join(this.folder, "sources", as);
    const made = new Set(["node_modules", ".next", ".vercel", ".svelte-kit", "next-env.d.ts"]);
    cpSync(from, to, { recursive: true, filter: (path) => !made.has(basename(path)) });
    return to;
  }

  async deploy(folder: string, ...options: string[]): Promise<Deployed> {
    return JSON.parse(await this.must("deploy", folder, ...options, "--json")) as Deployed;
  }

  get(host: string, path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.ask(host, path, { headers });
  }

  ask(host: string, path: string, asked: Partial<Asked> = {}): Promise<Answer> {
    return request({ ...asked, port: this.port, host, path });
  }

  async stop(): Promise<void> {
    await this.run("down");
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const probe = createServer();
  probe.listen(0, "127.0.0.1", () => {
    const { port } = probe.address() as { port: number };
    probe.close(() => resolve(port));
  });
  return promise;
}
