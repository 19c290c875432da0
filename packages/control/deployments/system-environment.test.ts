import { expect, test } from "bun:test";
import type { AppName, DeploymentId } from "@evenkeel/model";
import { type SystemFacts, systemEnvironment } from "./system-environment.ts";

const facts: SystemFacts = {
  id: "abcdefghi" as DeploymentId,
  app: "shop" as AppName,
  appId: "x1",
  environment: "production",
  host: "shop-abcdefghi.localhost",
  kind: "source",
  domains: [],
  place: { domain: "localhost", port: 7080 },
};

test("a deployment sees Vercel's variables, with the port where one is needed", () => {
  expect(systemEnvironment(facts)).toEqual({
    VERCEL: "1",
    CI: "1",
    VERCEL_ENV: "production",
    VERCEL_TARGET_ENV: "production",
    VERCEL_URL: "shop-abcdefghi.localhost:7080",
    VERCEL_PROJECT_PRODUCTION_URL: "shop.localhost:7080",
    VERCEL_PROJECT_ID: "prj_x1",
    VERCEL_REGION: "dev1",
    VERCEL_DEPLOYMENT_ID: "dpl_abcdefghi",
    VERCEL_SKEW_PROTECTION_ENABLED: "1",
    NEXT_DEPLOYMENT_ID: "dpl_abcdefghi",
  });
});

test("the branch and the commit are told, production by its shortest domain, staging as a preview", () => {
  const git = { repoSlug: "shop", sha: "a".repeat(40), message: "Say \0 hello", authorName: "Ann" };
  const seen = systemEnvironment({
    ...{ ...facts, environment: "staging", branch: "Feature/One", git, kind: "prebuilt" },
    domains: ["www.shop.example", "shop.example"],
    place: { domain: "apps.example", port: 80 },
  });
  expect(seen).toMatchObject({
    VERCEL_ENV: "preview",
    VERCEL_TARGET_ENV: "staging",
    VERCEL_BRANCH_URL: "shop-git-feature-one.apps.example",
    VERCEL_PROJECT_PRODUCTION_URL: "shop.example",
    VERCEL_GIT_COMMIT_REF: "Feature/One",
    VERCEL_GIT_COMMIT_SHA: "a".repeat(40),
    VERCEL_GIT_COMMIT_MESSAGE: "Say  hello",
    VERCEL_GIT_COMMIT_AUTHOR_NAME: "Ann",
  });
  expect(seen["NEXT_DEPLOYMENT_ID"]).toBeUndefined();
});
