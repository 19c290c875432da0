import { OutputInvalidError, OutputPathRefusedError } from "../errors.ts";
import { contentTypeOf } from "./content-type.ts";
import { type InsideResolver, isPlainRelativePath } from "./inside-resolver.ts";
import type { OutputConfig } from "./read-config.ts";
import { walkFiles } from "./walk.ts";

export interface StaticEntry {
  /** Request path, `overrides` applied. */
  key: string;
  /** Resolved. */
  path: string;
  contentType: string;
}

/** The files of `static/`, each under the path at which it is served. */
export function readStatic(
  resolver: InsideResolver,
  output: string,
  overrides: OutputConfig["overrides"] = {},
): StaticEntry[] {
  const folder = resolver.resolve(`${output}/static`, output);
  if (!folder?.status.isDirectory()) return [];
  const origins = new Map<string, string>();
  const entries: StaticEntry[] = [];
  for (const { name, path } of walkFiles(resolver, folder.path, folder.path)) {
    const override = Object.hasOwn(overrides, name) ? overrides[name] : undefined;
    const key = (override?.path ?? name).replace(/^\/+/, "");
    // An empty path is the root itself, which only an override can name.
    if (key !== "" && !isPlainRelativePath(key)) {
      throw new OutputPathRefusedError(
        `The build output was refused: config.json: overrides: ${JSON.stringify(name)} has the path ${JSON.stringify(override?.path)}`,
        { hint: 'Give a path without "..", "." and empty parts.' },
      );
    }
    const rival = origins.get(key);
    if (rival !== undefined) {
      throw new OutputInvalidError(`static/${rival} and static/${name} both claim the path /${key}`, {
        hint: "Change `overrides` in config.json so that every path has one file.",
      });
    }
    origins.set(key, name);
    entries.push({ key, path, contentType: override?.contentType ?? contentTypeOf(name) });
  }
  return entries;
}
