import { readFileSync } from "node:fs";
import ignore, { type Ignore } from "ignore";

/** What `vercel deploy` leaves out by itself, and our own output of a run in the same folder. */
const defaults = [
  ".hg",
  ".git",
  ".gitmodules",
  ".svn",
  ".cache",
  ".next",
  ".now",
  ".vercel",
  ".npmignore",
  ".dockerignore",
  ".gitignore",
  ".*.swp",
  ".DS_Store",
  ".wafpicke-*",
  ".lock-wscript",
  ".env.local",
  ".env.*.local",
  ".venv",
  ".yarn/cache",
  "npm-debug.log",
  "config.gypi",
  "node_modules",
  "__pycache__",
  "venv",
  "CVS",
];

/**
 * Which paths of a source stay behind. In order, the last rule that speaks of a path decides: the defaults, `.gitignore` of the root and
 * of each folder on the way (as git reads them), `.vercelignore`, `.evenkeelignore`; so `!dist` in the last brings back what git ignores.
 */
export class IgnoreRules {
  private readonly rules: Ignore;

  private constructor(
    private readonly root: string,
    private readonly git: string[],
  ) {
    this.rules = ignore()
      .add(defaults)
      .add(git)
      .add(readText(`${root}/.vercelignore`))
      .add(readText(`${root}/.evenkeelignore`));
  }

  static of(root: string): IgnoreRules {
    return new IgnoreRules(root, []);
  }

  /** The rules below `folder` (`""` or `a/b/`), whose parents' rules these are. */
  within(folder: string): IgnoreRules {
    const own = readText(`${this.root}/${folder}.gitignore`);
    if (own === "") return this;
    return new IgnoreRules(this.root, [
      ...this.git,
      ...own.split(/\r?\n/).map((line) => scoped(line, folder)),
    ]);
  }

  /** @param path relative to the root, `/` between its parts, in a folder that is not ignored */
  ignores(path: string, isFolder: boolean): boolean {
    return this.rules.ignores(isFolder ? `${path}/` : path);
  }
}

/** A line of the `.gitignore` in `folder` as the root's would say it. */
function scoped(line: string, folder: string): string {
  if (folder === "" || line.trim() === "" || line.startsWith("#")) return line;
  const [, not, pattern] = /^(!?)(.*)$/s.exec(line)!;
  const place = folder.replace(/[\\*?[\]!#]/g, "\\$&");
  // A slash before the last character ties a pattern to its folder; without one it holds at any depth.
  const anchored = /\/(?!\s*$)/.test(pattern!);
  return `${not}/${place}${anchored ? pattern!.replace(/^\//, "") : `**/${pattern}`}`;
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
