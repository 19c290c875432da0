import { mkdir, rm } from "node:fs/promises";
import type { AppName, HomeLayout } from "@evenkeel/model";
import { runGit } from "./git-command.ts";
import { repositoryPath } from "./repository.ts";

/**
 * Writes the files of a commit into `folder`. Not `git archive`: it leaves out what `.gitattributes` marks `export-ignore`, and a
 * checkout as other platforms make it does not. Filters of `.gitattributes` do nothing, since no configuration defines any.
 */
export async function checkOutCommit(
  layout: HomeLayout,
  app: AppName,
  commit: string,
  folder: string,
  signal?: AbortSignal,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const index = `${folder}.index`;
  const options = { environment: { GIT_INDEX_FILE: index }, ...(signal ? { signal } : {}) };
  const repository = ["--git-dir", repositoryPath(layout, app), "--work-tree", folder];
  try {
    await runGit([...repository, "read-tree", commit], options);
    await runGit([...repository, "checkout-index", "--all", "--force"], options);
  } finally {
    await rm(index, { force: true });
  }
}
