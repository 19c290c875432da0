import type { ContentCoding } from "@evenkeel/model";
import type { PreparedResponse } from "../http/prepared-response.ts";
import type { ServedFile } from "./file-headers.ts";

/** One variant of one file under one set of headers, ready to be sent. */
export interface PreparedFile {
  whole: PreparedResponse;
  notModified: PreparedResponse;
  /** For partial answers: the body, a part of `whole`. */
  body: Uint8Array;
}

interface Kept extends PreparedFile {
  sizeBytes: number;
  /** Asked for since the last search for space. */
  used: boolean;
  remove(): void;
}

/** The prepared variants of one file under one set of headers. */
export type Shelf = { readonly name: string } & Partial<Record<ContentCoding | "identity", PreparedFile>>;

/**
 * Prepared answers up to a number of bytes. A resolution that routing gives for many requests leads to its shelf by one WeakMap look-up; one made for
 * a single request finds it by name. Space is found as a clock does: what was asked for since the last search stays for another round.
 */
export class ResponseMemory {
  private readonly shelves = new Map<string, Shelf>();
  private readonly shelfOf = new WeakMap<ServedFile, Shelf>();
  private readonly kept = new Set<Kept>();
  private usedBytes = 0;

  /** @param budgetBytes default 64 MiB. */
  constructor(private readonly budgetBytes = 64 * 1024 * 1024) {}

  /** Bytes that are kept now; never over the budget. */
  get sizeBytes(): number {
    return this.usedBytes;
  }

  shelf(served: ServedFile): Shelf {
    const known = this.shelfOf.get(served);
    if (known) return known;
    const name = nameOf(served);
    let shelf = this.shelves.get(name);
    if (!shelf) {
      shelf = { name };
      this.shelves.set(name, shelf);
    }
    this.shelfOf.set(served, shelf);
    return shelf;
  }

  find(shelf: Shelf, coding: ContentCoding | undefined): PreparedFile | undefined {
    const kept = shelf[coding ?? "identity"] as Kept | undefined;
    if (kept) kept.used = true;
    return kept;
  }

  keep(shelf: Shelf, coding: ContentCoding | undefined, prepared: PreparedFile): void {
    const place = coding ?? "identity";
    if (shelf[place]) return;
    const sizeBytes = prepared.whole.bytes.length + prepared.notModified.bytes.length;
    if (sizeBytes > this.budgetBytes) return;
    this.makeSpace(sizeBytes);
    const kept: Kept = {
      ...prepared,
      sizeBytes,
      used: false,
      remove: () => {
        delete shelf[place];
        // A resolution may hold the shelf still and fill it again.
        if (Object.keys(shelf).length === 1) this.shelves.delete(shelf.name);
      },
    };
    shelf[place] = kept;
    if (this.shelves.get(shelf.name) === undefined) this.shelves.set(shelf.name, shelf);
    this.kept.add(kept);
    this.usedBytes += sizeBytes;
  }

  private makeSpace(neededBytes: number): void {
    while (this.usedBytes + neededBytes > this.budgetBytes) {
      for (const kept of this.kept) {
        this.kept.delete(kept);
        if (kept.used) {
          kept.used = false;
          this.kept.add(kept);
          continue;
        }
        kept.remove();
        this.usedBytes -= kept.sizeBytes;
        break;
      }
    }
  }
}

/** Everything that the head and the body depend on. */
function nameOf(served: ServedFile): string {
  const { key, file, status, headers, importantHeaders, appendedHeaders, deletedHeaders } = served;
  return JSON.stringify([key, file, status, headers, importantHeaders, appendedHeaders, deletedHeaders]);
}
