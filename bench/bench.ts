import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Cores } from "./machine/cores.ts";
import type { ToolName } from "./machine/tools.ts";
import type { Figure } from "./report/figure.ts";

/** One measurement, started by its name. */
export interface Program {
  /** For `--only`. */
  name: string;
  title: string;
  tools: ToolName[];
  /** What ran where and how, so that anybody can judge it or do it again. */
  conditions: string;
  run(bench: Bench): Promise<Figure[]>;
}

export interface BenchSettings {
  /** How often each side is measured; the median counts. */
  rounds: number;
  /** How long one load lasts. */
  seconds: number;
  /** Of databases, in MB (10⁶ bytes), where it is to be another than that of the goal. */
  sizeMb?: number | undefined;
  cores: Cores;
  /** Hears what is being done. */
  onStep(text: string): void;
  /** Hears what is worth knowing beside the figures. */
  onNote(text: string): void;
}

/** What a running program works with. Disposing it ends and removes whatever the program started and made. */
export class Bench implements AsyncDisposable {
  readonly rounds: number;
  readonly seconds: number;
  readonly cores: Cores;
  /** Of everything that takes part: `nginx` → `1.22.1`. */
  readonly versions: Record<string, string> = {};
  /** Ended in reverse order. */
  readonly resources = new AsyncDisposableStack();
  private folders = 0;

  constructor(private readonly settings: BenchSettings) {
    this.rounds = settings.rounds;
    this.seconds = settings.seconds;
    this.cores = settings.cores;
  }

  step(text: string): void {
    this.settings.onStep(text);
  }

  /** Of a database, in MB: the goal's, or the wished one. */
  sizeMb(goal: number): number {
    return this.settings.sizeMb ?? goal;
  }

  note(text: string): void {
    this.settings.onNote(text);
  }

  /** A folder of its own that servers under other accounts can read. */
  makeFolder(name: string): string {
    const folder = mkdtempSync(join(tmpdir(), `ek-bench-${name}-${this.folders++}-`));
    chmodSync(folder, 0o755);
    this.resources.defer(() => rmSync(folder, { recursive: true, force: true }));
    return folder;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.resources.disposeAsync();
  }
}
