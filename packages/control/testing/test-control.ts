import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { packSource } from "@evenkeel/build";
import { type HomeLayout, homeLayout } from "@evenkeel/model";
import { startTestCluster, type TestCluster, type TestDatabase } from "@evenkeel/postgres";
import { OwnSignals } from "@evenkeel/telemetry/metrics/own-signals";
import { startTelemetryServer } from "@evenkeel/telemetry/server/telemetry-server";
import { Telemetry } from "@evenkeel/telemetry/telemetry";
import type { Deployment } from "../api/contract/index.ts";
import { type ControlClient, createControlClient } from "../client/index.ts";
import { Control } from "../control.ts";
import { Database } from "../database/database.ts";
import { migrate } from "../database/migrate.ts";
import { FakeEdge } from "./fake-edge.ts";
import { FakeHost } from "./fake-host.ts";
import { FakeSignals } from "./fake-signals.ts";

const template = "control_template";
const sharedToolchain = "/var/tmp/evenkeel-test-toolchain";

/** A cluster whose template database has all migrations; one for a test file. */
export async function startControlCluster(): Promise<TestCluster> {
  const cluster = await startTestCluster();
  await cluster.makeTemplate(template, async (connectionString) => {
    const database = new Database({ connectionString });
    await migrate(database);
    await database.stop();
  });
  return cluster;
}

export const cloneControlDatabase = (cluster: TestCluster): Promise<TestDatabase> =>
  cluster.cloneDatabase(template);

/** A whole control plane in this process, on a database and data directory of its own, with one edge and a host. */
export class TestControl {
  readonly layout: HomeLayout;
  control: Control | undefined;
  edge!: FakeEdge;
  host!: FakeHost;
  signals!: FakeSignals;
  telemetry!: Telemetry;
  private telemetryServer!: ReturnType<typeof startTelemetryServer>;
  private sources = 0;
  private child: Bun.Subprocess<"ignore", "pipe", "inherit"> | undefined;

  private constructor(
    readonly folder: string,
    readonly database: TestDatabase,
  ) {
    this.layout = homeLayout(join(folder, "home"));
  }

  /** @param apart control runs in a process of its own, to be killed. */
  static async start(cluster: TestCluster, { apart = false } = {}): Promise<TestControl> {
    const test = new TestControl(mkdtempSync(join(tmpdir(), "ek-ctl-")), await cloneControlDatabase(cluster));
    mkdirSync(test.layout.run, { recursive: true });
    test.edge = await FakeEdge.start(test.layout.feedSocket);
    test.host = new FakeHost(test.layout.feedSocket, test.layout.hostSocket);
    test.signals = new FakeSignals(test.layout.signalsSocket);
    test.telemetry = new Telemetry({
      ...{ layout: test.layout, signals: new OwnSignals() },
      secretsOf: async () => ({}),
    });
    test.telemetryServer = startTelemetryServer(test.telemetry, test.layout.telemetrySocket);
    await (apart ? test.startProcess() : test.startControl());
    return test;
  }

  /** Gives it the toolchain that all suites of this machine share; to be called before the first build. */
  shareToolchain(): void {
    mkdirSync(sharedToolchain, { recursive: true });
    symlinkSync(sharedToolchain, this.layout.toolchain);
  }

  async startProcess(): Promise<void> {
    this.child = Bun.spawn([process.execPath, join(import.meta.dir, "../main.ts")], {
      env: {
        PATH: process.env["PATH"]!,
        EVENKEEL_HOME: this.layout.home,
        EVENKEEL_RUN: this.layout.run,
        EVENKEEL_DOMAIN: "localhost",
        EVENKEEL_PORT: String(this.edge.port),
        EVENKEEL_ADDRESS: "127.0.0.1",
        EVENKEEL_DATABASE_URL: this.database.connectionString,
      },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "inherit",
    });
    for await (const chunk of this.child.stdout) {
      if (Buffer.from(chunk).toString().includes('"ready"')) return;
    }
    throw new Error("control ended before it was ready");
  }

  async killProcess(signal: NodeJS.Signals = "SIGKILL"): Promise<number> {
    this.child!.kill(signal);
    return this.child!.exited;
  }

  async startControl(): Promise<void> {
    const control = new Control({
      layout: this.layout,
      place: { domain: "localhost", port: this.edge.port },
      address: "127.0.0.1",
      databaseUrl: this.database.connectionString,
    });
    this.control = control;
    await control.open();
  }

  get adminToken(): string {
    return readFileSync(this.layout.apiToken, "utf8").trim();
  }

  client(token: string = this.adminToken): ControlClient {
    return createControlClient({ socketPath: this.layout.controlSocket, token });
  }

  /** Uploads prebuilt output: `/` says `text`, `withFunction` adds a function at `/api`, and `files` whatever they say. */
  async upload(
    app: string,
    text: string,
    withFunction = false,
    files: Record<string, string> = {},
  ): Promise<string> {
    const folder = join(this.folder, `source-${++this.sources}`);
    writePrebuilt(folder, text, withFunction);
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content);
    }
    const packed = await packSource(folder, `${folder}.tar`, { prebuilt: true });
    const { sha256, sizeBytes } = packed;
    await this.client().putUpload({ app, sha256, sizeBytes }, Bun.file(packed.path));
    return sha256;
  }

  /** Deploys prebuilt output and waits for its end. */
  async deploy(app: string, options: DeployOptions = {}): Promise<Deployment> {
    return this.finished(await this.begin(app, options));
  }

  /** Deploys prebuilt output. */
  async begin(app: string, options: DeployOptions = {}): Promise<string> {
    const {
      text = `text ${this.sources}`,
      withFunction = false,
      environment = "production",
      files = {},
      ...rest
    } = options;
    await this.client().ensureApp({ app });
    const upload = await this.upload(app, text, withFunction, files);
    const { id } = await this.client().createDeployment({
      app,
      upload,
      kind: "prebuilt",
      environment,
      ...rest,
    });
    return id;
  }

  async finished(deployment: string): Promise<Deployment> {
    for await (const event of this.client().followDeployment({ deployment })) {
      if (event.type === "done") return event.deployment;
    }
    throw new Error(`The progress of ${deployment} ended without its end`);
  }

  async stop(): Promise<void> {
    await this.control?.stop();
    if (this.child) await this.killProcess();
    this.edge.stop();
    this.host.stop();
    this.signals.stop();
    await this.telemetryServer.stop();
    await this.telemetry.close();
    await this.database.drop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

interface DeployOptions {
  text?: string;
  withFunction?: boolean;
  environment?: "production" | "staging" | "preview";
  branch?: string;
  variables?: Record<string, string>;
  files?: Record<string, string>;
  reason?: string;
  ignoreSchema?: boolean;
  canary?: string;
}

function writePrebuilt(folder: string, text: string, withFunction: boolean): void {
  const output = join(folder, ".vercel/output");
  mkdirSync(join(output, "static"), { recursive: true });
  writeFileSync(
    join(output, "config.json"),
    JSON.stringify({ version: 3, routes: [{ handle: "filesystem" }] }),
  );
  writeFileSync(join(output, "static/index.html"), `<p>${text}</p>`);
  if (!withFunction) return;
  const fn = join(output, "functions/api.func");
  mkdirSync(fn, { recursive: true });
  writeFileSync(
    join(fn, ".vc-config.json"),
    JSON.stringify({
      runtime: "nodejs24.x",
      handler: "index.js",
      launcherType: "Nodejs",
      shouldAddHelpers: true,
    }),
  );
  writeFileSync(join(fn, "index.js"), `module.exports = (req, res) => res.end(${JSON.stringify(text)})`);
}
