/** What will happen to an account, as data, so that a restart goes on with it. */
export interface ScheduledEvent {
  /** Counted up within the account: of two events at one moment the one that was scheduled first happens first. */
  sequence: number;
  /** In the account's own time, milliseconds since the epoch. */
  atMs: number;
  provider: string;
  type: string;
  data: unknown;
  /** The event tells the answer of this webhook and cannot happen before it is there. */
  webhook?: string;
}

const isBefore = (a: ScheduledEvent, b: ScheduledEvent): boolean =>
  a.atMs < b.atMs || (a.atMs === b.atMs && a.sequence < b.sequence);

/** A binary heap: the next event first. */
export class EventQueue {
  private readonly heap: ScheduledEvent[] = [];

  get size(): number {
    return this.heap.length;
  }

  peek(): ScheduledEvent | undefined {
    return this.heap[0];
  }

  push(event: ScheduledEvent): void {
    let index = this.heap.push(event) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (isBefore(this.heap[parent]!, event)) break;
      this.heap[index] = this.heap[parent]!;
      index = parent;
    }
    this.heap[index] = event;
  }

  pop(): ScheduledEvent | undefined {
    const first = this.heap[0];
    const last = this.heap.pop();
    if (!first || !last || this.heap.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= this.heap.length) break;
      if (child + 1 < this.heap.length && isBefore(this.heap[child + 1]!, this.heap[child]!)) child++;
      if (isBefore(last, this.heap[child]!)) break;
      this.heap[index] = this.heap[child]!;
      index = child;
    }
    this.heap[index] = last;
    return first;
  }

  clear(): void {
    this.heap.length = 0;
  }
}
