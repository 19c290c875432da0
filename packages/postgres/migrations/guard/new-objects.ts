/** What the migrations under review have made themselves: no code uses it yet, so it may be changed at will. */
export class NewObjects {
  private readonly names = new Set<string>();

  /** @param qualified `public.orders`. */
  add(kind: string, qualified: string): void {
    this.names.add(`${kind} ${qualified}`);
  }

  has(kind: string, qualified: string): boolean {
    return this.names.has(`${kind} ${qualified}`);
  }

  remove(kind: string, qualified: string): void {
    this.names.delete(`${kind} ${qualified}`);
  }
}
