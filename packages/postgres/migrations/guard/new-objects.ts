/** What the migrations under review have made themselves: no code uses it yet, so it may be changed at will. */
export class NewObjects {
  private readonly names = new Set<string>();
  private ambiguous = false;

  /** @param qualified `public.orders`. */
  add(kind: string, qualified: string): void {
    this.names.add(`${kind} ${qualified}`);
  }

  has(kind: string, qualified: string): boolean {
    return !this.ambiguous && this.names.has(`${kind} ${qualified}`);
  }

  /** Names without a schema now mean something else than before: from here on nothing counts as new. */
  distrustNames(): void {
    this.ambiguous = true;
  }

  remove(kind: string, qualified: string): void {
    this.names.delete(`${kind} ${qualified}`);
  }
}
