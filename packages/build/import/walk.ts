import { readdirSync } from "node:fs";
import { OutputInvalidError } from "../errors.ts";
import type { InsideResolver, ResolvedPath } from "./inside-resolver.ts";

export interface WalkEntry extends ResolvedPath {
  /** Below the walked folder, `/` between its parts. */
  name: string;
}

/**
 * Every file below `folder`, symlinks followed as far as they stay `within`. `enter` may hold the walk back from a folder, which is
 * then an entry itself. Sorted, so that whatever is made of it is the same each time.
 */
export function* walkFiles(
  resolver: InsideResolver,
  folder: string,
  within: string,
  enter: (name: string) => boolean = () => true,
): Generator<WalkEntry> {
  yield* walk("", folder, []);

  function* walk(prefix: string, path: string, above: string[]): Generator<WalkEntry> {
    for (const part of readdirSync(path).sort()) {
      const name = `${prefix}${part}`;
      const resolved = resolver.resolve(`${path}/${part}`, within);
      if (resolved === undefined) {
        throw new OutputInvalidError(
          `The build output was refused: ${resolver.shown(`${folder}/${name}`)} is a link to nothing`,
        );
      }
      if (resolved.status.isFile()) yield { name, ...resolved };
      else if (!resolved.status.isDirectory()) {
        throw new OutputInvalidError(
          `The build output was refused: ${resolver.shown(`${folder}/${name}`)} is neither a file nor a folder`,
        );
      } else if (!enter(name)) yield { name, ...resolved };
      else {
        const here = [...above, resolved.path];
        if (above.includes(resolved.path) || resolved.path === folder) {
          throw new OutputInvalidError(
            `The build output was refused: ${resolver.shown(`${folder}/${name}`)} contains itself`,
          );
        }
        yield* walk(`${name}/`, resolved.path, here);
      }
    }
  }
}
