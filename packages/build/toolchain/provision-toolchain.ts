import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { syncFolder, writeFileDurably } from "@evenkeel/disk";
import { formatSize, type HomeLayout } from "@evenkeel/model";
import { ToolVersionUnknownError } from "../errors.ts";
import { acquireFileLock } from "../lock/file-lock.ts";
import { folderBytes } from "../room/folder-bytes.ts";
import { makeFolderDurable } from "../store/make-durable.ts";
import { npm } from "./npm-child.ts";
import {
  findTool,
  isExact,
  newestOf,
  type ProvisionedTool,
  pointMajorAt,
  provisioned,
  shapeTool,
  toolMarker,
} from "./tool-folder.ts";
import { type ToolName, type ToolPackage, type ToolWish, toolPackage } from "./tool-package.ts";

const progressEveryMs = 500;

export interface ProvisionProgress {
  tool: ToolName;
  /** Exact from `downloading` on; before, what was asked for. */
  version: string;
  /** `waiting`: another process installs it. */
  step: "waiting" | "resolving" | "downloading" | "ready";
  /** On disk so far, at `downloading`. */
  doneBytes?: number;
}

/** `vercel 59.25.4: downloading, 120 MiB` */
export function describeProgress({ tool, version, step, doneBytes }: ProvisionProgress): string {
  return `${tool} ${version}: ${step}${doneBytes ? `, ${formatSize(doneBytes)}` : ""}`;
}

/**
 * Makes the wanted tools present under `layout.toolchain`; those that are there need no network. Several processes may call it at
 * once (one installs, the others wait), and it may be killed at any time: a tool gets its name when it is whole, and what was
 * fetched is kept for the next attempt. `<toolchain>/node/<major>` then leads to that Node (`nodeRuntimePath`). Install scripts never run.
 *
 * @throws ToolchainUnreachableError (`toolchain_unreachable`), ToolchainInstallError (`toolchain_install_failed`),
 *   ToolVersionUnknownError (`tool_version_unknown`)
 */
export async function provisionToolchain(
  layout: Pick<HomeLayout, "toolchain">,
  wanted: ToolWish[],
  onProgress: (progress: ProvisionProgress) => void = () => {},
): Promise<ProvisionedTool[]> {
  const tools: ProvisionedTool[] = [];
  for (const wish of wanted) {
    const tool = await provision(layout, toolPackage(wish), onProgress);
    if (wish.tool === "node") await pointMajorAt(layout, wish.major, tool.version);
    tools.push(tool);
  }
  return tools;
}

async function provision(
  layout: Pick<HomeLayout, "toolchain">,
  wanted: ToolPackage,
  onProgress: (progress: ProvisionProgress) => void,
): Promise<ProvisionedTool> {
  const present = findTool(layout, wanted);
  if (present) return present;
  const report = (step: ProvisionProgress["step"], version = wanted.range, doneBytes?: number) =>
    onProgress({ tool: wanted.tool, version, step, ...(doneBytes !== undefined && { doneBytes }) });
  const lock = await acquireFileLock(`${layout.toolchain}/.lock-${wanted.tool}`, "exclusive", {
    onWait: () => report("waiting"),
  });
  try {
    const meanwhile = findTool(layout, wanted);
    if (meanwhile) return meanwhile;
    await removeUnfinished(layout, wanted.tool);
    const unfinished = `${layout.toolchain}/${unfinishedPrefix(wanted.tool)}${crypto.randomUUID()}`;
    await mkdir(unfinished, { recursive: true, mode: 0o755 });
    try {
      // Its own package.json: npm would else install into one above.
      await writeFile(`${unfinished}/package.json`, '{"private":true}\n');
      report("resolving");
      const version = await resolveVersion(wanted, unfinished);
      await install(wanted, version, unfinished, (doneBytes) => report("downloading", version, doneBytes));
      const tool = provisioned(layout, wanted.tool, version);
      await mkdir(`${layout.toolchain}/${wanted.tool}`, { recursive: true, mode: 0o755 });
      await rename(unfinished, tool.folder);
      syncFolder(`${layout.toolchain}/${wanted.tool}`);
      report("ready", version);
      return tool;
    } finally {
      await rm(unfinished, { recursive: true, force: true });
    }
  } finally {
    lock?.unlock();
  }
}

async function resolveVersion(wanted: ToolPackage, folder: string): Promise<string> {
  if (isExact(wanted.range)) return wanted.range;
  const what = `${wanted.name}@${wanted.range}`;
  const answer = await npm(["view", what, "version", "--json"], what, folder);
  const versions = answer.trim() === "" ? [] : [JSON.parse(answer) as string | string[]].flat();
  const version = newestOf(versions, wanted.range) ?? versions.at(-1);
  if (version === undefined) {
    throw new ToolVersionUnknownError(`${what} does not exist in npm's registry`, {
      hint: "Ask for another version in package.json's `packageManager` or `engines`.",
    });
  }
  return version;
}

async function install(
  wanted: ToolPackage,
  version: string,
  folder: string,
  onBytes: (doneBytes: number) => void,
): Promise<void> {
  const what = `${wanted.name}@${version}`;
  const cache = cachePath(folder, wanted.tool);
  onBytes(0);
  let measuring = false;
  const timer = setInterval(async () => {
    if (measuring) return;
    measuring = true;
    onBytes((await folderBytes(cache)) + (await folderBytes(folder)));
    measuring = false;
  }, progressEveryMs);
  try {
    await npm(
      ["install", what, "--ignore-scripts", "--save-exact", "--prefix", folder, "--cache", cache],
      what,
      folder,
    );
  } finally {
    clearInterval(timer);
  }
  await shapeTool(folder, wanted);
  await makeFolderDurable(folder);
  await removeLeftover(cache);
  const marker = { tool: wanted.tool, package: wanted.name, version };
  writeFileDurably(`${folder}/${toolMarker}`, `${JSON.stringify(marker)}\n`);
}

/** Kept over a failure, so that the next attempt fetches only what lacks. */
const cachePath = (folder: string, tool: ToolName) => join(dirname(folder), `.npm-cache-${tool}`);

const unfinishedPrefix = (tool: ToolName) => `.unfinished-${tool}-`;

/** Under the lock nobody else installs this tool, so what stands there was left by a process that died. */
async function removeUnfinished(layout: Pick<HomeLayout, "toolchain">, tool: ToolName): Promise<void> {
  for (const name of await readdir(layout.toolchain)) {
    if (name.startsWith(unfinishedPrefix(tool))) await removeLeftover(`${layout.toolchain}/${name}`);
  }
}

/** The npm of a process that was killed may live on for a while and write there; then the next provisioning removes it. */
async function removeLeftover(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOTEMPTY" && error.code !== "EBUSY") throw error;
  });
}
