// Several instances of the app that are killed and started again.
import { type ChildProcess, spawn } from "node:child_process";

export class Instances {
  private readonly slots: ({ process: ChildProcess; url: string } | undefined)[] = [];
  kills = 0;
  private readonly environment: Record<string, string>;
  private readonly random: () => number;

  constructor(environment: Record<string, string>, random: () => number) {
    this.environment = environment;
    this.random = random;
  }

  async start(count: number): Promise<void> {
    await Promise.all(Array.from({ length: count }, (_, slot) => this.startOne(slot)));
  }

  /** One that lives, as far as is known. */
  any(): string | undefined {
    const living = this.slots.filter((each) => each !== undefined);
    return living[Math.floor(Math.random() * living.length)]?.url;
  }

  async killOne(): Promise<void> {
    const slot = Math.floor(this.random() * this.slots.length);
    const victim = this.slots[slot];
    this.slots[slot] = undefined;
    victim?.process.kill("SIGKILL");
    this.kills++;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.startOne(slot);
      } catch (error) {
        // A busy machine may not have had room for it.
        if (attempt === 5) throw error;
      }
    }
  }

  stop(): void {
    for (const each of this.slots) each?.process.kill("SIGKILL");
  }

  private async startOne(slot: number): Promise<void> {
    const child = spawn(process.execPath, [new URL("./instance.ts", import.meta.url).pathname], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, ...this.environment },
    });
    const port = await new Promise<number>((resolve, reject) => {
      child.stdout!.once("data", (line) => resolve(Number(String(line).trim())));
      child.once("error", reject);
      child.once("exit", () => reject(new Error("An instance ended before it listened")));
    });
    this.slots[slot] = { process: child, url: `http://127.0.0.1:${port}` };
  }
}
