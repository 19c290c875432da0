import { join } from "node:path";
import type { ProvisionedTool } from "@evenkeel/build";
import { lineSplitter } from "@evenkeel/wire";
import type { Bench } from "../bench.ts";
import { LoadFailedError } from "../errors.ts";
import type { SecretLoadReport, SecretLoadSettings } from "./secret-load.ts";

/** The bench's end of `secret-load.ts`. */
export class SecretLoadProcess {
  private readonly waiting: PromiseWithResolvers<unknown>[] = [];

  private constructor(private readonly child: Bun.Subprocess<"pipe", "pipe", "inherit">) {}

  /** It ends with the bench. */
  static start(bench: Bench, node: ProvisionedTool, settings: SecretLoadSettings): SecretLoadProcess {
    const script = join(import.meta.dir, "secret-load.ts");
    const child = Bun.spawn(
      [join(node.binFolder, "node"), "--no-warnings", script, JSON.stringify(settings)],
      { stdin: "pipe", stdout: "pipe", stderr: "inherit" },
    );
    bench.resources.defer(async () => {
      child.kill();
      await child.exited;
    });
    const load = new SecretLoadProcess(child);
    void load.read();
    return load;
  }

  /** What requests carry from now on. Resolves when all that carry the former one have ended. */
  async carry(secret: string): Promise<void> {
    await this.tell(secret);
  }

  finish(): Promise<SecretLoadReport> {
    return this.tell(null) as Promise<SecretLoadReport>;
  }

  private tell(message: string | null): Promise<unknown> {
    const reply = Promise.withResolvers<unknown>();
    this.waiting.push(reply);
    this.child.stdin.write(`${JSON.stringify(message)}\n`);
    this.child.stdin.flush();
    return reply.promise;
  }

  private async read(): Promise<void> {
    const split = lineSplitter((line) => {
      if (line !== "") this.waiting.shift()?.resolve(JSON.parse(line));
    });
    for await (const chunk of this.child.stdout) split(chunk);
    for (const { reject } of this.waiting)
      reject(new LoadFailedError("The load ended before it was asked to"));
  }
}
