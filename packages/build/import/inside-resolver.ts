import { lstatSync, readlinkSync, type Stats } from "node:fs";
import { isAbsolute, join, relative } from "node:path";
import { OutputInvalidError, OutputPathRefusedError } from "../errors.ts";

/** As Linux: more than this many symlinks on the way to one file is a loop. */
const linkLimit = 40;

export interface ResolvedPath {
  /** Without any symlink in it. */
  path: string;
  status: Stats;
}

/**
 * Follows symlinks below one folder as the build saw them, and refuses each that leaves it. `realpath` would not do: it follows first
 * and tells afterwards, and it does not know that the build saw the folder at another place.
 */
export class InsideResolver {
  private readonly folders = new Map<string, string>();

  /**
   * @param root real path of the folder that nothing may leave
   * @param seenAs where the build saw it, if elsewhere
   */
  constructor(
    readonly root: string,
    private readonly seenAs: string = root,
  ) {}

  /**
   * @param path below `root`, absolute
   * @param within a folder below `root` that the result must not leave either
   * @returns undefined where nothing stands
   */
  resolve(path: string, within: string = this.root): ResolvedPath | undefined {
    const resolved = this.follow(path, path, { links: 0 });
    if (resolved !== undefined && !isWithin(within, resolved.path)) this.refuse(path, within);
    return resolved;
  }

  /** The target of the symlink at `path`, made absolute; not followed further. */
  linkTarget(path: string): string {
    const target = readlinkSync(path);
    if (!isAbsolute(target)) return join(path, "..", target);
    const inside = relative(this.seenAs, target);
    return isAbsolute(inside) || inside.startsWith("..") ? target : join(this.root, inside);
  }

  refuse(path: string, within: string = this.root): never {
    throw new OutputPathRefusedError(
      `The build output was refused: ${this.shown(path)} leads out of ${this.shown(within) || "the project"}`,
      {
        hint: "An output may only hold files and links that stay inside it; copy the file in, or remove the link.",
      },
    );
  }

  /** A path as the user knows it, relative to the project. */
  shown(path: string): string {
    const inside = relative(this.root, path);
    return inside.startsWith("..") ? path : inside;
  }

  private follow(path: string, asked: string, count: { links: number }): ResolvedPath | undefined {
    const inside = relative(this.root, path);
    if (inside === "") return { path: this.root, status: lstatSync(this.root) };
    if (inside.startsWith("..") || isAbsolute(inside)) this.refuse(asked);
    const parent = this.followFolder(join(path, ".."), asked, count);
    if (parent === undefined) return undefined;
    const own = join(parent, path.slice(path.lastIndexOf("/") + 1));
    const status = lstatSync(own, { throwIfNoEntry: false });
    if (status === undefined) return undefined;
    if (!status.isSymbolicLink()) return { path: own, status };
    if (++count.links > linkLimit) {
      throw new OutputInvalidError(
        `The build output was refused: the symlinks of ${this.shown(asked)} form a loop`,
      );
    }
    return this.follow(this.linkTarget(own), asked, count);
  }

  private followFolder(path: string, asked: string, count: { links: number }): string | undefined {
    const known = this.folders.get(path);
    if (known !== undefined) return known;
    const found = this.follow(path, asked, count);
    if (found === undefined || !found.status.isDirectory()) return undefined;
    this.folders.set(path, found.path);
    return found.path;
  }
}

export function isWithin(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}

/** A request or tree path of an output: relative, in normal form, with nothing that climbs. */
export function isPlainRelativePath(path: string): boolean {
  return (
    path !== "" &&
    !path.startsWith("/") &&
    !path.includes("\0") &&
    !path.split("/").some((part) => part === "" || part === "." || part === "..")
  );
}
