import type { FunctionId, Prerender, StaticFile } from "@evenkeel/model";
import { decodePath } from "./canonical-path.ts";
import type { RoutedOutput } from "./router.ts";

/** One thing that can answer. */
export type OutputEntry =
  | { kind: "file"; key: string; file: StaticFile }
  | { kind: "prerender"; key: string; prerender: Prerender; function: FunctionId | undefined }
  | { kind: "function"; key: string; function: FunctionId };

/**
 * Every path under which an output can be asked for. An exact key comes before an index; a file before a prerender before a function.
 * `docs` and `docs/` reach `docs/index.html`; `/` reaches a function `index` or, as builders name it, `index.js`.
 */
export class OutputIndex {
  private readonly entries = new Map<string, OutputEntry>();

  constructor(output: RoutedOutput) {
    const files = Object.entries(output.files).map(
      ([key, file]): OutputEntry => ({ kind: "file", key, file }),
    );
    const prerenders = Object.entries(output.prerenders).map(
      ([key, prerender]): OutputEntry => ({
        kind: "prerender",
        key,
        prerender,
        function: Object.hasOwn(output.functions, key) ? output.functions[key] : undefined,
      }),
    );
    const functions = Object.entries(output.functions).map(
      ([key, id]): OutputEntry => ({ kind: "function", key, function: id }),
    );
    const entries = [...files, ...prerenders, ...functions];
    for (const entry of entries) this.add(entry.key, entry);
    for (const entry of files) this.addIndex(entry, /(^|\/)index\.html$/);
    // `cleanUrls` names the page `index`.
    for (const entry of entries) this.addIndex(entry, /(^|\/)index$/);
    for (const entry of functions) this.addIndex(entry, /(^|\/)index\.(?:[cm]?[jt]sx?|py|go|rb|rs)$/);
  }

  /** @param path canonical, with `/` first; one `/` at its end is of no account. */
  find(path: string): OutputEntry | undefined {
    const end = path.length > 1 && path.charCodeAt(path.length - 1) === 47 ? path.length - 1 : path.length;
    const key = path.slice(1, end);
    const found = this.entries.get(decodePath(key));
    // Builders name some outputs as they are requested, percent-encoded.
    return found ?? (key.includes("%") ? this.entries.get(key) : undefined);
  }

  private addIndex(entry: OutputEntry, index: RegExp): void {
    if (index.test(entry.key)) this.add(entry.key.replace(index, ""), entry);
  }

  private add(key: string, entry: OutputEntry): void {
    if (!this.entries.has(key)) this.entries.set(key, entry);
  }
}
