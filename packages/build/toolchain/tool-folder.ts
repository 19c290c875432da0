import { existsSync, readdirSync, readFileSync } from "node:fs";
import { chmod, lstat, mkdir, readdir, readlink, rename, rm, symlink } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import type { HomeLayout } from "@evenkeel/model";
import { maxSatisfying, valid, validRange } from "semver";
import type { ToolName, ToolPackage } from "./tool-package.ts";

type Toolchain = Pick<HomeLayout, "toolchain">;

export interface ProvisionedTool {
  tool: ToolName;
  /** Exact. */
  version: string;
  /** `<toolchain>/<tool>/<version>`; readable for everybody. */
  folder: string;
  /** To be put on `PATH`: holds the tool's own commands and nothing else. */
  binFolder: string;
}

/** Written last: a folder with it is whole. */
export const toolMarker = "evenkeel-tool.json";

/** The newest version in the toolchain that a wish asks for. */
export function findTool(layout: Toolchain, wanted: ToolPackage): ProvisionedTool | undefined {
  const folder = `${layout.toolchain}/${wanted.tool}`;
  const present = versionsIn(folder).filter((version) => isPackage(`${folder}/${version}`, wanted.name));
  const range = validRange(wanted.range) ?? wanted.range;
  const version = present.find((one) => one === wanted.range) ?? maxSatisfying(present, range);
  return version === null || version === undefined ? undefined : provisioned(layout, wanted.tool, version);
}

export function newestOf(versions: string[], range: string): string | undefined {
  return versions.find((one) => one === range) ?? maxSatisfying(versions, range) ?? undefined;
}

export function isExact(range: string): boolean {
  return valid(range) === range;
}

export function provisioned(layout: Toolchain, tool: ToolName, version: string): ProvisionedTool {
  const folder = `${layout.toolchain}/${tool}/${version}`;
  return { tool, version, folder, binFolder: `${folder}/bin` };
}

/**
 * Gives a freshly installed folder its final shape: `bin/` with the tool's commands, everything readable for all users.
 * Node's package is lifted to the top, so that `bin/node` and its headers stand where a Node installation has them.
 */
export async function shapeTool(folder: string, wanted: ToolPackage): Promise<void> {
  const packageFolder = join(folder, "node_modules", wanted.name);
  if (wanted.tool === "node") {
    for (const name of await readdir(packageFolder))
      await rename(join(packageFolder, name), join(folder, name));
    await rm(join(folder, "node_modules"), { recursive: true });
    await rm(join(folder, "package-lock.json"), { force: true });
  } else await linkCommands(folder, packageFolder, wanted);
  await openForAll(folder);
}

async function linkCommands(folder: string, packageFolder: string, wanted: ToolPackage): Promise<void> {
  await mkdir(join(folder, "bin"), { recursive: true });
  for (const [command, file] of Object.entries(wanted.commands ?? commandsOf(packageFolder))) {
    const target = join(packageFolder, file);
    await chmod(target, 0o755);
    await symlink(relative(join(folder, "bin"), target), join(folder, "bin", command));
  }
}

function commandsOf(packageFolder: string): Record<string, string> {
  const { name, bin } = JSON.parse(readFileSync(join(packageFolder, "package.json"), "utf8"));
  return typeof bin === "string" ? { [name.split("/").at(-1)]: bin } : (bin ?? {});
}

/** The platform's umask may be 077, and builds run as another user. */
async function openForAll(path: string): Promise<void> {
  const status = await lstat(path);
  if (status.isSymbolicLink()) return;
  const wanted = status.isDirectory() || (status.mode & 0o100) !== 0 ? 0o755 : 0o644;
  if ((status.mode & 0o7777) !== wanted) await chmod(path, wanted);
  if (status.isDirectory()) {
    await Promise.all((await readdir(path)).map((name) => openForAll(`${path}/${name}`)));
  }
}

/** Points `<toolchain>/node/<major>` at a version, at once for all who look. */
export async function pointMajorAt(layout: Toolchain, major: number, version: string): Promise<void> {
  const link = `${layout.toolchain}/node/${major}`;
  if ((await readlink(link).catch(() => "")) === version) return;
  const temporary = `${link}.${crypto.randomUUID()}`;
  await mkdir(dirname(link), { recursive: true });
  await symlink(version, temporary);
  await rename(temporary, link);
}

function versionsIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  // Exact ones: beside them stand the links by major version.
  return readdirSync(folder).filter(
    (version) => valid(version) && existsSync(`${folder}/${version}/${toolMarker}`),
  );
}

function isPackage(folder: string, name: string): boolean {
  return JSON.parse(readFileSync(`${folder}/${toolMarker}`, "utf8")).package === name;
}
