import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Writable } from "node:stream";
import type { Assignment, ErrorJson, LauncherToHost } from "@evenkeel/model";
import { lineSplitter } from "@evenkeel/wire";
import { ensureLauncherBundle } from "../bundle.ts";
import { testNode } from "./test-node.ts";

const limitMs = 30_000;

export interface TestFunction extends Partial<Omit<Assignment, "socketPath">> {
  /** Path in the function → content; written to a new root. */
  files: Record<string, string | Uint8Array>;
  /** Of the folder that its socket is made in; default 0700. */
  socketFolderMode?: number;
  /** Default: Node 24. */
  node?: string;
}

/** The host's end of one launcher process: speaks its protocol and hears everything it says. */
export class TestInstance {
  /** By `performance.now()`, when its function was given to it. */
  assignedAtMs = 0;
  stdout = "";
  stderr = "";
  readonly messages: LauncherToHost[] = [];
  readonly ended: Promise<{ exitCode: number | null; signal: string | null }>;
  private readonly waiters = new Set<() => void>();

  private constructor(
    readonly process: ChildProcess,
    readonly root: string,
    readonly socketPath: string,
  ) {
    process.stdout!.on("data", (chunk: Buffer) => this.heard(() => (this.stdout += chunk.toString())));
    process.stderr!.on("data", (chunk: Buffer) => this.heard(() => (this.stderr += chunk.toString())));
    const split = lineSplitter((line) =>
      this.heard(() => this.messages.push(JSON.parse(line) as LauncherToHost)),
    );
    process.stdio[4]!.on("data", split as never);
    process.stdio[3]!.on("error", () => {});
    this.ended = new Promise((resolve) =>
      process.on("close", (exitCode, signal) => this.heard(() => resolve({ exitCode, signal }))),
    );
  }

  static folders: string[] = [];
  static all: TestInstance[] = [];

  /** Starts a launcher, gives it the function, and waits until it is ready or has failed. */
  static async start(given: TestFunction): Promise<TestInstance> {
    const { files, node, socketFolderMode, ...assignment } = given;
    const folder = realpathSync(mkdtempSync(join(tmpdir(), "ek-launcher-")));
    TestInstance.folders.push(folder);
    if (socketFolderMode !== undefined) chmodSync(folder, socketFolderMode);
    const root = given.root ?? join(folder, "root");
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), content);
    }
    const bundle = await ensureLauncherBundle(join(tmpdir(), "ek-launcher-bundle"));
    const child = spawn(node ?? testNode(), [bundle], { stdio: ["ignore", "pipe", "pipe", "pipe", "pipe"] });
    const instance = new TestInstance(child, root, join(folder, "s"));
    TestInstance.all.push(instance);
    await instance.until(() => instance.messages.some(({ type }) => type === "warm"));
    instance.assignedAtMs = performance.now();
    instance.send({
      type: "assign",
      assignment: {
        root,
        handler: Object.keys(files)[0]!,
        socketPath: instance.socketPath,
        kind: "node",
        environment: {},
        shouldAddHelpers: true,
        useWebApi: false,
        awsLambdaHandler: false,
        supportsResponseStreaming: true,
        maxDurationS: 60,
        assets: [],
        wasm: [],
        ...assignment,
      },
    });
    await instance.until(() => instance.messages.some(({ type }) => type === "ready" || type === "failed"));
    return instance;
  }

  /** Ends every process and removes every folder of the test file. */
  static async stopAll(): Promise<void> {
    for (const { process, ended } of TestInstance.all.splice(0)) {
      process.kill("SIGKILL");
      await ended;
    }
    for (const folder of TestInstance.folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  }

  send(message: object): void {
    (this.process.stdio[3] as Writable).write(`${JSON.stringify(message)}\n`);
  }

  get failure(): ErrorJson | undefined {
    return this.messages.find((message) => message.type === "failed")?.error;
  }

  /** Waits for a condition over what the process has said. */
  async until(condition: () => boolean): Promise<void> {
    const end = Date.now() + limitMs;
    while (!condition()) {
      if (Date.now() > end) throw new Error(`Waited ${limitMs} ms in vain. Standard error:\n${this.stderr}`);
      if (this.process.exitCode !== null && !condition() && this.messages.length === 0) {
        throw new Error(`The launcher ended:\n${this.stderr}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(done, 200);
        const waiters = this.waiters;
        waiters.add(done);
        function done() {
          clearTimeout(timer);
          waiters.delete(done);
          resolve();
        }
      });
    }
  }

  private heard(note: () => void): void {
    note();
    for (const wake of this.waiters) wake();
  }
}
