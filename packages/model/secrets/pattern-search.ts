export interface Found<Label> {
  start: number;
  end: number;
  label: Label;
}

/** Characters that one look at the text covers. */
const blockLength = 3;
const fewestBlocks = 1_024;
const mostBlocks = 65_536;

/**
 * Finds any of many texts in one pass, after Wu and Manber ("A fast algorithm for multi-pattern searching", 1994): a table says for each three
 * characters how far the next possible match can be, so most of a text is skipped. A regular expression of as many alternatives tries each of
 * them at each character, and an automaton needs megabytes where this table needs at most 64 KiB.
 */
export class PatternSearch<Label> {
  /** How far to go on where these characters end the window; 0: a pattern may begin there. */
  private readonly shifts: Uint8Array;
  private readonly candidates = new Map<number, { text: string; label: Label }[]>();
  private readonly patterns: { text: string; label: Label }[];
  private readonly window: number;

  /** @param patterns none shorter than three characters */
  constructor(patterns: Iterable<readonly [text: string, label: Label]>) {
    // Longest first: the first that fits is the one to take.
    this.patterns = [...patterns].map(([text, label]) => ({ text, label }));
    this.patterns.sort((one, other) => other.text.length - one.text.length);
    this.window = Math.min(255, this.patterns.at(-1)?.text.length ?? 0);
    const farthest = Math.max(0, this.window - blockLength + 1);
    let size = fewestBlocks;
    while (size < mostBlocks && size < this.patterns.length * farthest * 8) size *= 2;
    this.shifts = new Uint8Array(size).fill(farthest);
    for (const pattern of this.patterns) this.enter(pattern);
  }

  /** Length of the longest text that it finds. */
  get longest(): number {
    return this.patterns[0]?.text.length ?? 0;
  }

  /** In order, each as long as can be, those that overlap as one under the label of the longest. */
  find(text: string): Found<Label>[] {
    const found: (Found<Label> & { longest: number })[] = [];
    const { window, shifts } = this;
    if (window === 0) return found;
    for (let at = window - 1; at < text.length; ) {
      const block = this.block(text, at);
      const shift = shifts[block]!;
      if (shift > 0) {
        at += shift;
        continue;
      }
      const start = at - window + 1;
      const match = this.candidates.get(block)?.find((pattern) => text.startsWith(pattern.text, start));
      if (match) {
        const longest = match.text.length;
        const [end, last] = [start + longest, found.at(-1)];
        if (!last || last.end <= start) found.push({ start, end, label: match.label, longest });
        else {
          last.end = Math.max(last.end, end);
          if (longest > last.longest) Object.assign(last, { label: match.label, longest });
        }
      }
      at++;
    }
    return found;
  }

  /** The beginning of a pattern with which a text ends that was cut: the longest, of at least `least` characters. */
  findBegun(text: string, least: number): Found<Label> | undefined {
    const end = text.length;
    let best: Found<Label> | undefined;
    for (const pattern of this.patterns) {
      const shortest = Math.max(least, best ? end - best.start + 1 : 0);
      for (let length = Math.min(pattern.text.length - 1, end); length >= shortest; length--) {
        if (!pattern.text.startsWith(text.slice(end - length))) continue;
        best = { start: end - length, end, label: pattern.label };
        break;
      }
    }
    return best;
  }

  private enter(pattern: { text: string; label: Label }): void {
    const last = this.window - 1;
    for (let at = blockLength - 1; at <= last; at++) {
      const block = this.block(pattern.text, at);
      this.shifts[block] = Math.min(this.shifts[block]!, last - at);
    }
    const block = this.block(pattern.text, last);
    const same = this.candidates.get(block);
    if (same) same.push(pattern);
    else this.candidates.set(block, [pattern]);
  }

  private block(text: string, at: number): number {
    const mixed = text.charCodeAt(at - 2) * 961 + text.charCodeAt(at - 1) * 31 + text.charCodeAt(at);
    return mixed & (this.shifts.length - 1);
  }
}
