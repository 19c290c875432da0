import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface GroundSettings {
  /** Begins the names of its folders. */
  name: string;
  /** Hears what is being done. */
  onStep(text: string): void;
  /** Hears what is worth knowing beside the figures. */
  onNote(text: string): void;
}

/** What a running program stands on. Disposing it ends and removes whatever the program started and made. */
export class Ground implements AsyncDisposable {
  /** Of everything that takes part: `nginx` → `1.22.1`. */
  readonly versions: Record<string, string> = {};
  /** Ended in reverse order. */
  readonly resources = new AsyncDisposableStack();
  private folders = 0;

  constructor(private readonly ground: GroundSettings) {}

  step(text: string): void {
    this.ground.onStep(text);
  }

  note(text: string): void {
    this.ground.onNote(text);
  }

  /** A folder of its own that servers under other accounts can read. */
  makeFolder(name: string): string {
    const folder = mkdtempSync(join(tmpdir(), `ek-${this.ground.name}-${name}-${this.folders++}-`));
    chmodSync(folder, 0o755);
    this.resources.defer(() => rmSync(folder, { recursive: true, force: true }));
    return folder;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.resources.disposeAsync();
  }
}
