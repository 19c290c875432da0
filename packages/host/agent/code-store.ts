import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type AppName, type FunctionId, randomId } from "@evenkeel/model";

export interface CodeOwner {
  app: AppName;
  function: FunctionId;
  /** Compiled code fits one build of Node only. */
  runtimeFolder: string;
}

/**
 * Compiled code of functions (Node's compile cache), so that the next start need not compile. Instances see it read-only: what one of
 * them leaves serves only the very same function of the same app. Lost or torn files do no harm, Node checks them; so nothing is synced.
 */
export class CodeStore {
  constructor(private readonly folder: string) {}

  /** The folder with the compiled code of a function, if there is one. */
  find(owner: CodeOwner): string | undefined {
    const path = this.path(owner);
    return existsSync(path) ? path : undefined;
  }

  /** Keeps what an instance left, unless another one was first. */
  keep(owner: CodeOwner, files: ReadonlyMap<string, Uint8Array>): void {
    const path = this.path(owner);
    if (files.size === 0 || existsSync(path)) return;
    const temporary = `${path}.tmp-${randomId(6)}`;
    try {
      for (const [name, bytes] of files) {
        mkdirSync(dirname(join(temporary, name)), { recursive: true, mode: 0o755 });
        writeFileSync(join(temporary, name), bytes, { mode: 0o644 });
      }
      renameSync(temporary, path);
    } catch (error) {
      rmSync(temporary, { recursive: true, force: true });
      throw error;
    }
  }

  /** Removes the compiled code of an app's functions that are not among these. */
  prune(app: AppName, functions: ReadonlySet<FunctionId>): void {
    const folder = join(this.folder, app);
    if (!existsSync(folder)) return;
    for (const name of readdirSync(folder)) {
      const keep = functions.has(name.slice(0, 64) as FunctionId) && !name.includes(".tmp-");
      if (!keep) rmSync(join(folder, name), { recursive: true, force: true });
    }
  }

  private path({ app, function: id, runtimeFolder }: CodeOwner): string {
    const runtime = createHash("sha256").update(runtimeFolder).digest("hex").slice(0, 8);
    return join(this.folder, app, `${id}-${runtime}`);
  }
}
