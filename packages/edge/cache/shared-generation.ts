import { closeSync, fstatSync, ftruncateSync, openSync } from "node:fs";

/**
 * A number in memory that all edge processes of the machine share (a mapped file): whoever changed the shared cache writes a new one, and
 * whoever reads another one than before looks at what changed. Reading costs a nanosecond, so every request can do it; asking SQLite
 * (`pragma data_version`) costs 2.3 µs, a message between processes could come late.
 */
export class SharedGeneration {
  private readonly words: Uint32Array;
  private seen = 0;

  constructor(path: string) {
    const file = openSync(path, "a+", 0o600);
    try {
      if (fstatSync(file).size < 4_096) ftruncateSync(file, 4_096);
    } finally {
      closeSync(file);
    }
    const bytes = Bun.mmap(path, { shared: true });
    this.words = new Uint32Array(bytes.buffer, bytes.byteOffset, 1);
    this.seen = this.words[0]!;
  }

  /** True when somebody has written a new generation since the last call. */
  hasChanged(): boolean {
    const now = this.words[0]!;
    if (now === this.seen) return false;
    this.seen = now;
    return true;
  }

  /**
   * Tells the others, after the change is in the store. A random number, not an increment: of two that add one at once, either could take
   * the other's for its own. The writer must look at the store again itself, for the same reason.
   */
  advance(): void {
    let next = this.seen;
    while (next === this.words[0]! || next === this.seen)
      next = crypto.getRandomValues(new Uint32Array(1))[0]!;
    this.words[0] = next;
    this.seen = next;
  }
}
