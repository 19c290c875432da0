/**
 * A set of header names and name prefixes, compiled once, that is asked about raw bytes without making strings. A name whose first
 * character and length no entry shares costs one table look-up.
 */
export class HeaderFilter {
  private readonly names: Set<string>;
  private readonly prefixes: readonly string[];
  /** By first byte: bit `length & 31` of each name that begins with it, all bits for a prefix. */
  private readonly lengths = new Int32Array(256);

  /** Names and prefixes in lower case. */
  constructor(names: readonly string[], prefixes: readonly string[] = []) {
    this.names = new Set(names);
    this.prefixes = prefixes;
    for (const name of names) this.note(name, 1 << (name.length & 31));
    for (const prefix of prefixes) this.note(prefix, -1);
  }

  /** Whether the name at `bytes[start..end)` (any case) is in the set. */
  matches(bytes: Buffer, start: number, end: number): boolean {
    if ((this.lengths[bytes[start]!]! & (1 << ((end - start) & 31))) === 0) return false;
    return this.has(bytes.latin1Slice(start, end).toLowerCase());
  }

  /** `name` in lower case. */
  has(name: string): boolean {
    if (this.names.has(name)) return true;
    for (const prefix of this.prefixes) if (name.startsWith(prefix)) return true;
    return false;
  }

  private note(entry: string, lengths: number): void {
    this.lengths[entry.charCodeAt(0)]! |= lengths;
    this.lengths[entry.toUpperCase().charCodeAt(0)]! |= lengths;
  }
}
