import { lstatSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { RootDirectoryMissingError, SourceUnreadableError } from "../errors.ts";

/** No file that is read to plan a build is larger. */
const largestBytes = 16 * 1024 * 1024;

/** Reads files of a source that nobody has checked; nothing outside it, even through links. */
export class SourceTree {
  readonly root: string;

  constructor(folder: string) {
    this.root = realpathSync(folder);
  }

  /** @returns undefined where no file stands */
  readText(path: string): string | undefined {
    const absolute = join(this.root, path);
    if (lstatSync(absolute, { throwIfNoEntry: false }) === undefined) return undefined;
    const real = this.realpath(absolute);
    if (real === undefined) return undefined;
    const status = statSync(real);
    if (!status.isFile()) return undefined;
    if (status.size > largestBytes) {
      throw new SourceUnreadableError(`${path} has ${status.size} bytes, which is too much for it`);
    }
    return readFileSync(real, "utf8");
  }

  /**
   * The app's folder, relative; `""` is the root.
   *
   * @throws RootDirectoryMissingError (`root_directory_missing`)
   */
  appFolder(rootDirectory = ""): string {
    const relative = rootDirectory.replace(/^(\.?\/)+|\/+$/g, "").replace(/^\.$/, "");
    const real = relative.split("/").includes("..") ? undefined : this.realpath(join(this.root, relative));
    if (real === undefined || !statSync(real).isDirectory()) {
      throw new RootDirectoryMissingError(
        `The root directory ${JSON.stringify(rootDirectory)} is not a folder of the source`,
        {
          hint: "Name a folder relative to the repository's root, such as apps/web.",
        },
      );
    }
    return relative;
  }

  private realpath(path: string): string | undefined {
    try {
      const real = realpathSync(path);
      return real === this.root || real.startsWith(`${this.root}/`) ? real : undefined;
    } catch {
      return undefined;
    }
  }
}
