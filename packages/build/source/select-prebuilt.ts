import { existsSync, lstatSync, readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { BuildWithoutOutputError, SourceUnreadableError } from "../errors.ts";
import { checkLinkTarget, refuseEntry } from "./entry-rules.ts";
import { itemAt, type SourceItem, selectSource } from "./select-source.ts";

const outputFolder = ".vercel/output";
const linkLimit = 40;
/** What is in force with the release. */
const releasedFile = /(^|\/)(?:flags\.(?:[a-z]+\.)?flagd\.json|runbook\.m?[jt]s)$/;
/** Its processes are built from the source, as without `--prebuilt`: only `vercel build` has been done. */
const procfile = /(^|\/)Procfile$/;
/** What tells the changes that the database needs before the output is served. */
const migrationFile =
  /\.sql$|(^|\/)meta\/_journal\.json$|(^|\/)migration_lock\.toml$|(^|\/)drizzle\.config\.(ts|js|mjs|json)$/;

/**
 * What an existing `.vercel/output` needs: itself, the files outside it that its functions' `filePathMap`s name, with the links on
 * the way to them, the source's migrations, flags and runbook, and with a Procfile the whole source. Sorted.
 *
 * @throws BuildWithoutOutputError (`build_without_output`), SourceEntryRefusedError, SourceUnreadableError
 */
export function selectPrebuilt(root: string): SourceItem[] {
  if (!existsSync(`${root}/${outputFolder}/config.json`)) {
    throw new BuildWithoutOutputError(`There is no ${outputFolder}/config.json in ${root}`, {
      hint: "Run `vercel build --prod` there first, or deploy without --prebuilt.",
    });
  }
  const items = new Map<string, SourceItem>();
  const configs: string[] = [];
  const visit = (folder: string) => {
    for (const name of readdirSync(`${root}/${folder}`)) {
      const path = `${folder}/${name}`;
      const item = itemAt(root, path);
      if (item === "folder") visit(path);
      else if (item) items.set(path, item);
      if (name === ".vc-config.json") configs.push(path);
    }
  };
  visit(outputFolder);
  for (const config of configs) {
    for (const source of mappedSources(root, config)) addWithLinks(root, source, items, config);
  }
  const source = selectSource(root);
  const whole = source.some(({ path }) => procfile.test(path));
  for (const item of source) {
    const read = !("symlink" in item) && (migrationFile.test(item.path) || releasedFile.test(item.path));
    if (whole || read) items.set(item.path, item);
  }
  return [...items.values()].sort((one, other) => (one.path < other.path ? -1 : 1));
}

function mappedSources(root: string, config: string): string[] {
  try {
    const { filePathMap } = JSON.parse(readFileSync(`${root}/${config}`, "utf8"));
    return Object.values((filePathMap ?? {}) as Record<string, string>).map(String);
  } catch (cause) {
    throw new SourceUnreadableError(`${config} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

function addWithLinks(root: string, source: string, items: Map<string, SourceItem>, config: string): void {
  let rest = posix.normalize(source);
  for (let links = 0; links <= linkLimit; links++) {
    if (rest === ".." || rest.startsWith("../") || rest.startsWith("/")) {
      refuseEntry(
        source,
        `${config} names it, but it is outside the folder; deploy from the folder that holds both`,
      );
    }
    if (items.has(rest)) return;
    const link = firstLink(root, rest);
    if (link === undefined) {
      const item = existsSync(`${root}/${rest}`) ? itemAt(root, rest) : undefined;
      // What is not there is reported by the import, with the function that lacks it.
      if (item !== undefined && item !== "folder") items.set(rest, item);
      return;
    }
    checkLinkTarget(link.path, link.symlink);
    items.set(link.path, link);
    rest = posix.join(posix.dirname(link.path), link.symlink, rest.slice(link.path.length + 1));
  }
  refuseEntry(source, "the links on the way to it form a loop");
}

/** The first symlink on the way to `path`, itself included. */
function firstLink(root: string, path: string): { path: string; symlink: string } | undefined {
  const parts = path.split("/");
  for (let length = 1; length <= parts.length; length++) {
    const upTo = parts.slice(0, length).join("/");
    const status = lstatSync(`${root}/${upTo}`, { throwIfNoEntry: false });
    if (status === undefined) return undefined;
    if (!status.isSymbolicLink()) continue;
    const item = itemAt(root, upTo);
    return item !== "folder" && item !== undefined && "symlink" in item ? item : undefined;
  }
  return undefined;
}
