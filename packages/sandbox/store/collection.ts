import type { Store } from "./store.ts";

/**
 * The documents of one kind of one account, in memory and on disk alike, in the order they were made. Values are plain JSON. A value that was
 * got may be changed in place and has to be `put` again then.
 */
export class Collection<Value extends object> {
  private readonly documents = new Map<string, { position: number; value: Value }>();
  private lastPosition = 0;

  /** @param keep the newest so many; older ones go as new ones come. Default 20,000. */
  constructor(
    private readonly store: Store,
    private readonly account: string,
    private readonly name: string,
    private readonly keep = 20_000,
  ) {
    for (const { id, position, value } of store.load(account, name)) {
      this.documents.set(id, { position, value: value as Value });
      this.lastPosition = Math.max(this.lastPosition, position);
    }
  }

  get size(): number {
    return this.documents.size;
  }

  get(id: string): Value | undefined {
    return this.documents.get(id)?.value;
  }

  put(id: string, value: Value): Value {
    const position = this.documents.get(id)?.position ?? ++this.lastPosition;
    this.documents.set(id, { position, value });
    this.store.change(this.account, this.name, id, position, value);
    if (this.documents.size > this.keep) this.delete(this.documents.keys().next().value!);
    return value;
  }

  delete(id: string): boolean {
    const known = this.documents.get(id);
    if (!known) return false;
    this.documents.delete(id);
    this.store.change(this.account, this.name, id, known.position, undefined);
    return true;
  }

  /** In memory only: the caller removes the account from the store. */
  clear(): void {
    this.documents.clear();
  }

  /** Oldest first. */
  values(): Value[] {
    return Array.from(this.documents.values(), ({ value }) => value);
  }

  newestFirst(): Value[] {
    return this.values().reverse();
  }
}
