/**
 * A set of header names and name prefixes, compiled once, that is asked about raw bytes without making strings. A name whose first
 * character and length no entry shares costs one table look-up.
 */
export class HeaderFilter {
  private readonly names: Set<string>;
  private readonly prefixes: readonly string[];
  /** 1: some name or prefix begins with this byte. */
  private readonly firstBytes = new Uint8Array(256);

  /** Names and prefixes in lower case. */
  constructor(names: readonly string[], prefixes: readonly string[] = []) {
    this.names = new Set(names);
    this.prefixes = prefixes;
    for (const entry of [...names, ...prefixes]) {
      this.firstBytes[entry.charCodeAt(0)] = 1;
      this.firstBytes[entry.toUpperCase().charCodeAt(0)] = 1;
    }
  }

  /** Whether the name at `bytes[start..end)` (any case) is in the set. */
  matches(bytes: Buffer, start: number, end: number): boolean {
    if (this.firstBytes[bytes[start]!] === 0) return false;
    return this.has(bytes.latin1Slice(start, end).toLowerCase());
  }

  /** `name` in lower case. */
  has(name: string): boolean {
    if (this.names.has(name)) return true;
    for (const prefix of this.prefixes) if (name.startsWith(prefix)) return true;
    return false;
  }
}
