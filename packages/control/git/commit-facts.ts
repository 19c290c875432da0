import type { AppName, HomeLayout } from "@evenkeel/model";
import type { GitInfo } from "../api/contract/index.ts";
import { runGit } from "./git-command.ts";
import { repositoryPath } from "./repository.ts";

/** What the repository says of a commit, for `VERCEL_GIT_*`. */
export async function commitFacts(layout: HomeLayout, app: AppName, sha: string): Promise<GitInfo> {
  const output = await runGit([
    ...["--git-dir", repositoryPath(layout, app), "log", "-1", "--no-show-signature"],
    ...["--format=%H%x00%an%x00%B", sha, "--"],
  ]);
  const [commit, authorName, ...message] = output.split("\0");
  return {
    repoSlug: app,
    sha: commit!,
    ...(authorName ? { authorName: authorName.slice(0, 500) } : {}),
    message: message.join(" ").trim().slice(0, 10_000),
  };
}

/** Keeps the commit for as long as a deployment may be built from it again, whatever becomes of the branch. */
export async function keepCommit(layout: HomeLayout, app: AppName, sha: string): Promise<void> {
  await runGit(["--git-dir", repositoryPath(layout, app), "update-ref", `refs/evenkeel/commits/${sha}`, sha]);
}

export async function branchExists(layout: HomeLayout, app: AppName, branch: string): Promise<boolean> {
  const output = await runGit([
    ...["--git-dir", repositoryPath(layout, app), "for-each-ref", "--format=%(refname)"],
    `refs/heads/${branch}`,
  ]);
  return output.split("\n").includes(`refs/heads/${branch}`);
}
