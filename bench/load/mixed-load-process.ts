import { join } from "node:path";
import type { ProvisionedTool } from "@evenkeel/build";
import { lineSplitter } from "@evenkeel/wire";
import type { Bench } from "../bench.ts";
import { LoadFailedError } from "../errors.ts";
import type {
  FromMixedLoad,
  MixedLoadReport,
  MixedLoadSettings,
  ToMixedLoad,
} from "./mixed-load-protocol.ts";

/** The bench's end of `mixed-load.ts`. */
export class MixedLoadProcess {
  private readonly waiting: PromiseWithResolvers<FromMixedLoad>[] = [];

  private constructor(private readonly tell: (message: ToMixedLoad) => void) {}

  /** Resolves when the load is on. It ends with the bench. */
  static async start(
    bench: Bench,
    node: ProvisionedTool,
    settings: MixedLoadSettings,
  ): Promise<MixedLoadProcess> {
    const child = Bun.spawn(
      [
        join(node.binFolder, "node"),
        "--no-warnings",
        join(import.meta.dir, "mixed-load.ts"),
        JSON.stringify(settings),
      ],
      { stdin: "pipe", stdout: "pipe", stderr: "inherit" },
    );
    bench.resources.defer(async () => {
      child.kill();
      await child.exited;
    });
    const load = new MixedLoadProcess((message) => {
      child.stdin.write(`${JSON.stringify(message)}\n`);
      child.stdin.flush();
    });
    void load.read(child.stdout);
    await load.next("ready");
    return load;
  }

  /** @param version what has to answer from now on; null: either, since a switch begins */
  async expect(version: string | null): Promise<void> {
    this.tell({ type: "expect", version });
    await this.next("ack");
  }

  async finish(): Promise<MixedLoadReport> {
    this.tell({ type: "finish" });
    return (await this.next("report")).report;
  }

  private async next<Type extends FromMixedLoad["type"]>(
    type: Type,
  ): Promise<Extract<FromMixedLoad, { type: Type }>> {
    const waiting = Promise.withResolvers<FromMixedLoad>();
    this.waiting.push(waiting);
    const message = await waiting.promise;
    if (message.type === type) return message as Extract<FromMixedLoad, { type: Type }>;
    throw new LoadFailedError(`The load said ${message.type} instead of ${type}`);
  }

  private async read(output: ReadableStream<Uint8Array>): Promise<void> {
    const split = lineSplitter((line) => {
      if (line !== "") this.waiting.shift()?.resolve(JSON.parse(line) as FromMixedLoad);
    });
    for await (const chunk of output) split(chunk);
    for (const { reject } of this.waiting)
      reject(new LoadFailedError("The load ended before it was asked to"));
  }
}
