/** Small numbers for what comes and goes: a series for each instance that ever was would have no end. */
export class InstanceNumbers {
  private readonly taken = new Map<string, Set<number>>();

  /** The lowest number that nothing else of the group has; `release` gives it back. */
  take(group: string): { number: number; release: () => void } {
    let numbers = this.taken.get(group);
    if (!numbers) {
      numbers = new Set();
      this.taken.set(group, numbers);
    }
    const of = numbers;
    let number = 1;
    while (of.has(number)) number++;
    of.add(number);
    return {
      number,
      release: () => {
        of.delete(number);
        if (of.size === 0 && this.taken.get(group) === of) this.taken.delete(group);
      },
    };
  }
}
