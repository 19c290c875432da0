import type { FlagEvaluator, FlagSet } from "@evenkeel/flags";
import type { ServedDeployment, ServedFlags } from "@evenkeel/model";
import type { ServingTable } from "../state/serving-table.ts";

type Owner = Pick<ServedFlags, "app" | "environment">;

const noFlags: FlagSet = { flags: {} };

/** The flags of one app environment, ready to evaluate. */
export interface ReadyFlags {
  /** 0: none were declared. */
  version: number;
  evaluator: FlagEvaluator;
}

/** Evaluators, made when they are first asked for after a change. A served set is replaced as a whole, so the object tells whether it is the same. */
export class FlagSets {
  private readonly ready = new WeakMap<ServedFlags, ReadyFlags>();
  private none: ReadyFlags | undefined;

  constructor(private readonly table: ServingTable) {}

  async of(owner: Owner): Promise<ReadyFlags> {
    const served = this.table.flags(owner);
    const known = served ? this.ready.get(served) : this.none;
    if (known) return known;
    // What evaluates takes memory in each edge, and many platforms have no flags.
    const { FlagEvaluator } = await import("@evenkeel/flags");
    if (!served) {
      this.none = { version: 0, evaluator: new FlagEvaluator(noFlags) };
      return this.none;
    }
    const ready = { version: served.version, evaluator: new FlagEvaluator(served.set as FlagSet) };
    this.ready.set(served, ready);
    return ready;
  }

  /** 0: none were declared. */
  version(owner: Owner): number {
    return this.table.flags(owner)?.version ?? 0;
  }

  /** Whose key it is; undefined for a key of nobody. */
  owner(key: string): ServedDeployment | undefined {
    // The index is by hash: how long a look-up takes says nothing about the key.
    return this.table.deploymentByFlags(new Bun.CryptoHasher("sha256").update(key).digest("hex"));
  }
}
