import { Ground, type GroundSettings } from "./ground.ts";
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

export interface BenchSettings extends Omit<GroundSettings, "name"> {
  /** How often each side is measured; the median counts. */
  rounds: number;
  /** How long one load lasts. */
  seconds: number;
  /** Of databases, in MB (10⁶ bytes), where it is to be another than that of the goal. */
  sizeMb?: number | undefined;
  cores: Cores;
}

/** What a running measurement works with. */
export class Bench extends Ground {
  readonly rounds: number;
  readonly seconds: number;
  readonly cores: Cores;

  constructor(private readonly settings: BenchSettings) {
    super({ ...settings, name: "bench" });
    this.rounds = settings.rounds;
    this.seconds = settings.seconds;
    this.cores = settings.cores;
  }

  /** Of a database, in MB: the goal's, or the wished one. */
  sizeMb(goal: number): number {
    return this.settings.sizeMb ?? goal;
  }
}
