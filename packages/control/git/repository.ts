import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { type AppName, type HomeLayout, randomId } from "@evenkeel/model";
import { runGit } from "./git-command.ts";

export const repositoryPath = (layout: Pick<HomeLayout, "git">, app: AppName): string =>
  `${layout.git}/${app}.git`;

/** Names the app's id: a repository of an earlier app of the same name is not taken over. */
const ownerFile = "evenkeel-app";

/** Makes the app's bare repository where it is missing. It comes to be whole, by a rename. */
export async function ensureRepository(layout: HomeLayout, app: AppName, appId: string): Promise<string> {
  const path = repositoryPath(layout, app);
  if (existsSync(path)) {
    if (owner(path) === appId) return path;
    discardRepository(layout, app);
  }
  const fresh = `${layout.git}/.new-${randomId(12)}`;
  mkdirSync(layout.git, { recursive: true, mode: 0o700 });
  try {
    // No template: it would bring hooks.
    await runGit(["init", "--quiet", "--bare", "--template=", "--initial-branch=main", fresh]);
    writeFileSync(`${fresh}/${ownerFile}`, appId);
    renameSync(fresh, path);
  } catch (error) {
    if (owner(path) === appId) return path;
    throw error;
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  return path;
}

/** The name is free at once; the files go behind. */
export function discardRepository(layout: HomeLayout, app: AppName): void {
  const path = repositoryPath(layout, app);
  if (!existsSync(path)) return;
  const trash = `${layout.git}/.removed-${randomId(12)}`;
  renameSync(path, trash);
  void rm(trash, { recursive: true, force: true }).catch(() => {});
}

function owner(path: string): string | undefined {
  try {
    return readFileSync(`${path}/${ownerFile}`, "utf8");
  } catch {
    return undefined;
  }
}
