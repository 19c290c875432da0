/** A list in as many stretches as there are takers. Who has taken all of his helps with the end of the longest that is left. */
export class Shares<Item> {
  private readonly stretches: { next: number; end: number }[];

  constructor(
    private readonly items: Item[],
    takers: number,
  ) {
    const bound = (taker: number) => Math.round((items.length * taker) / takers);
    this.stretches = Array.from({ length: takers }, (_, taker) => ({
      next: bound(taker),
      end: bound(taker + 1),
    }));
  }

  /** The next item for a taker; undefined when none is left. */
  take(taker: number): Item | undefined {
    const own = this.stretches[taker]!;
    if (own.next < own.end) return this.items[own.next++];
    const longest = this.stretches.reduce((most, one) => (left(one) > left(most) ? one : most));
    return left(longest) > 0 ? this.items[--longest.end] : undefined;
  }
}

const left = ({ next, end }: { next: number; end: number }): number => end - next;
