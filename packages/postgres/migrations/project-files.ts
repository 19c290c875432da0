import { readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join, sep } from "node:path";
import { InvalidValueError } from "@evenkeel/model";

/** Also seeds that came out of a dump. */
const largestFileBytes = 16 * 1024 ** 2;
const largestTotalBytes = 64 * 1024 ** 2;

/**
 * A project's files, read by us and not by the app's user: whatever a link in it leads to outside of it is not there. No code of the
 * project may run meanwhile.
 */
export class ProjectFiles {
  private readonly root: string;
  private readBytes = 0;

  constructor(project: string) {
    this.root = realpathSync(project);
  }

  /**
   * Undefined where there is no such file.
   *
   * @throws InvalidValueError for a file that is no text, or too large
   */
  text(path: string): string | undefined {
    const real = this.resolve(path);
    const status = real === undefined ? undefined : statSync(real);
    if (!status?.isFile()) return undefined;
    this.readBytes += status.size;
    if (status.size > largestFileBytes || this.readBytes > largestTotalBytes) {
      throw new InvalidValueError(`${path} is too large to be read as a migration`, {
        hint: "A file may have 16 MiB, all together 64 MiB; load large data in another way.",
      });
    }
    const bytes = readFileSync(real!);
    const text = bytes.toString("utf8");
    if (bytes.includes(0) || !Buffer.from(text).equals(bytes)) {
      throw new InvalidValueError(`${path} is no UTF-8 text`, { hint: "Save it as UTF-8." });
    }
    return text;
  }

  isFile(path: string): boolean {
    const real = this.resolve(path);
    return real !== undefined && statSync(real).isFile();
  }

  /** Of what is in a folder, sorted; none where there is no such folder. */
  names(folder: string): string[] {
    const real = this.resolve(folder);
    return real !== undefined && statSync(real).isDirectory() ? readdirSync(real).sort() : [];
  }

  private resolve(path: string): string | undefined {
    try {
      const real = realpathSync(join(this.root, path));
      return real === this.root || real.startsWith(this.root + sep) ? real : undefined;
    } catch {
      return undefined;
    }
  }
}
