import { open } from "node:fs/promises";
import { type PatternSearch, type SecretPart, secretSearch } from "@evenkeel/model";

/** A file of a build output that holds values of secrets. */
export interface InlinedSecret {
  /** As the build output calls it: `static/assets/index.js`. */
  file: string;
  /** Variables whose values it holds. */
  names: string[];
}

export interface OutputFile {
  name: string;
  path: string;
}

export interface SearchedOutput {
  /** What browsers may load: static files, pages that are rendered ahead. */
  reachable: OutputFile[];
  /** Code and files that only instances and processes read. */
  server: OutputFile[];
}

export interface InlinedSecrets {
  /** In what browsers may load: secrets without doubt. */
  exposed: InlinedSecret[];
  /** There too: values that are not called plain, and may be meant. */
  doubtful: InlinedSecret[];
  /** In what runs on the server: secrets without doubt. */
  server: InlinedSecret[];
}

const chunkBytes = 4 * 1024 * 1024;

/**
 * Files of a build output in which the build has put values of secrets. Bytes are searched as they are, so media and maps are, too; not what is
 * compressed. Packages of `node_modules` are left out on the server: they come from a registry and know nothing of this app.
 */
export async function findInlinedSecrets(
  { reachable, server }: SearchedOutput,
  secrets: Record<string, string>,
): Promise<InlinedSecrets> {
  const found: InlinedSecrets = { exposed: [], doubtful: [], server: [] };
  const search = secretSearch(secrets);
  if (search.longest === 0) return found;
  const add = (list: InlinedSecret[], file: string, names: string[]) => {
    if (names.length > 0) list.push({ file, names });
  };
  for (const { name, path } of reachable) {
    const parts = await partsIn(path, search);
    add(found.exposed, name, namesOf(parts, true));
    add(found.doubtful, name, namesOf(parts, false));
  }
  const seen = new Set<string>();
  for (const { name, path } of server) {
    if (seen.has(path) || path.includes("/node_modules/")) continue;
    seen.add(path);
    add(found.server, name, namesOf(await partsIn(path, search), true));
  }
  return found;
}

const namesOf = (parts: Set<SecretPart>, certain: boolean): string[] => [
  ...new Set([...parts].filter((part) => part.certain === certain).map(({ name }) => name)),
];

async function partsIn(path: string, search: PatternSearch<SecretPart>): Promise<Set<SecretPart>> {
  const parts = new Set<SecretPart>();
  const file = await open(path);
  try {
    const bytes = Buffer.allocUnsafe(Math.min(chunkBytes, (await file.stat()).size + 1));
    let rest = "";
    for (;;) {
      const { bytesRead } = await file.read(bytes, 0, bytes.length);
      if (bytesRead === 0) return parts;
      const text = rest + bytes.toString("latin1", 0, bytesRead);
      for (const { label } of search.find(text)) parts.add(label);
      rest = text.slice(text.length - Math.min(text.length, search.longest - 1));
    }
  } finally {
    await file.close();
  }
}
