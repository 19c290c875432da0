import { type AppName, branchHost, type DeploymentId, productionHost } from "@evenkeel/model";
import type { DeployableEnvironment, GitInfo } from "../api/contract/index.ts";
import { authority, type Place } from "../apps/hosts.ts";

export interface SystemFacts {
  id: DeploymentId;
  app: AppName;
  appId: string;
  environment: DeployableEnvironment;
  host: string;
  branch?: string;
  git?: GitInfo;
  kind: "source" | "prebuilt";
  /** Custom domains of production. */
  domains: string[];
  place: Place;
}

/**
 * Vercel's system variables, at build and run time alike: https://vercel.com/docs/environment-variables/system-environment-variables.
 * Host names stand without scheme, as there, and with the port where one is needed to reach them.
 *
 * `NEXT_DEPLOYMENT_ID` (skew protection of Next.js) is set only when we build: output that was built elsewhere has no id in its
 * client code, and a server that then announced one would make each navigation load the whole page.
 */
export function systemEnvironment(facts: SystemFacts): Record<string, string> {
  const { app, environment, git = {}, place } = facts;
  const deploymentId = `dpl_${facts.id}`;
  const shortestDomain = [...facts.domains].sort((a, b) => a.length - b.length || (a < b ? -1 : 1))[0];
  const branch = facts.branch ?? git.ref;
  const variables: Record<string, string | undefined> = {
    VERCEL: "1",
    CI: "1",
    VERCEL_ENV: environment === "staging" ? "preview" : environment,
    VERCEL_TARGET_ENV: environment,
    VERCEL_URL: authority(facts.host, place),
    VERCEL_BRANCH_URL: branch && authority(branchHost(app, branch, place.domain), place),
    VERCEL_PROJECT_PRODUCTION_URL: authority(shortestDomain ?? productionHost(app, place.domain), place),
    VERCEL_PROJECT_ID: `prj_${facts.appId}`,
    VERCEL_REGION: "dev1",
    VERCEL_DEPLOYMENT_ID: deploymentId,
    VERCEL_SKEW_PROTECTION_ENABLED: "1",
    NEXT_DEPLOYMENT_ID: facts.kind === "source" ? deploymentId : undefined,
    VERCEL_GIT_PROVIDER: git.provider,
    VERCEL_GIT_REPO_OWNER: git.repoOwner,
    VERCEL_GIT_REPO_SLUG: git.repoSlug,
    VERCEL_GIT_COMMIT_REF: git.ref ?? facts.branch,
    VERCEL_GIT_COMMIT_SHA: git.sha,
    VERCEL_GIT_PREVIOUS_SHA: git.previousSha,
    VERCEL_GIT_COMMIT_MESSAGE: git.message?.slice(0, 2_048),
    VERCEL_GIT_COMMIT_AUTHOR_NAME: git.authorName,
    VERCEL_GIT_COMMIT_AUTHOR_LOGIN: git.authorLogin,
  };
  const set: Record<string, string> = {};
  // A NUL, as in a forged commit message, cannot stand in any environment.
  for (const [name, value] of Object.entries(variables)) if (value) set[name] = value.replaceAll("\0", "");
  return set;
}

/** Only where the app is built: Vercel's functions do not see `CI`. */
export const buildOnlyVariables: ReadonlySet<string> = new Set(["CI"]);
