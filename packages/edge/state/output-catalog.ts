import type { BuildOutput, HomeLayout, OutputId } from "@evenkeel/model";
import { outputPath } from "@evenkeel/model";
import { OutputUnreadableError } from "../errors.ts";
import { compileRouter } from "../routing/compile-router.ts";
import type { Router } from "../routing/router.ts";

/** A build output, ready to answer requests. */
export interface LoadedOutput {
  output: BuildOutput;
  router: Router;
  /** Numbers of prerender groups that more than one prerender has. */
  sharedGroups: ReadonlySet<number>;
  /** Asked for since the catalog last had to make room. */
  used: boolean;
}

/** How many outputs are held compiled; a Next.js output of 300 routes takes about 2 MB. */
const loadedLimit = 256;

/** Build outputs by id, read and compiled when first asked for. Outputs are immutable, so one that is loaded is right for ever. */
export class OutputCatalog {
  private readonly loaded = new Map<OutputId, LoadedOutput>();
  private readonly loading = new Map<OutputId, Promise<LoadedOutput>>();

  constructor(
    private readonly layout: HomeLayout,
    private readonly limit = loadedLimit,
  ) {}

  /** The output if it is loaded already. */
  get(id: OutputId): LoadedOutput | undefined {
    const loaded = this.loaded.get(id);
    if (loaded) loaded.used = true;
    return loaded;
  }

  /** @throws OutputUnreadableError */
  load(id: OutputId): Promise<LoadedOutput> {
    const loaded = this.get(id);
    if (loaded) return Promise.resolve(loaded);
    let loading = this.loading.get(id);
    if (!loading) {
      loading = this.read(id).finally(() => this.loading.delete(id));
      this.loading.set(id, loading);
    }
    return loading;
  }

  /** Drops outputs that nothing serves any more. */
  retain(ids: ReadonlySet<OutputId>): void {
    for (const id of this.loaded.keys()) if (!ids.has(id)) this.loaded.delete(id);
  }

  private async read(id: OutputId): Promise<LoadedOutput> {
    let loaded: LoadedOutput;
    try {
      const output = (await Bun.file(outputPath(this.layout, id)).json()) as BuildOutput;
      loaded = { output, router: compileRouter(output), sharedGroups: sharedGroups(output), used: false };
    } catch (cause) {
      throw new OutputUnreadableError(`Build output ${id} cannot be read`, {
        hint: "Deploy again; the artifact store has lost or damaged the output of this deployment.",
        cause,
      });
    }
    this.makeRoom();
    this.loaded.set(id, loaded);
    return loaded;
  }

  /** The oldest goes that was not asked for lately: a request only sets a mark, which costs less than keeping an order. */
  private makeRoom(): void {
    for (const [id, loaded] of [...this.loaded]) {
      if (this.loaded.size < this.limit) return;
      this.loaded.delete(id);
      if (!loaded.used) continue;
      loaded.used = false;
      this.loaded.set(id, loaded);
    }
    const [oldest] = this.loaded.keys();
    if (this.loaded.size >= this.limit && oldest !== undefined) this.loaded.delete(oldest);
  }
}

function sharedGroups({ prerenders }: BuildOutput): Set<number> {
  const seen = new Set<number>();
  const shared = new Set<number>();
  for (const { group } of Object.values(prerenders)) {
    if (group === undefined) continue;
    if (seen.has(group)) shared.add(group);
    seen.add(group);
  }
  return shared;
}
