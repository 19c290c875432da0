import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Bench } from "../bench.ts";
import { PeerFailedError } from "../errors.ts";
import { repository } from "../repository.ts";
import type { BenchPlatform } from "./bench-platform.ts";

const buildLimitMs = 600_000;
/** What a developer's machine adds to a source. */
const made = new Set(["node_modules", ".next", ".vercel", "next-env.d.ts"]);

/**
 * Builds a copy of the Next.js fixture by `vercel build --prod`, offline. The folder then holds `.next` for `next start` and
 * `.vercel/output` for `deploy --prebuilt`: the same build on both sides.
 */
export async function buildNextFixture(bench: Bench, platform: BenchPlatform): Promise<string> {
  bench.step("Building the Next.js fixture");
  const folder = bench.makeFolder("next");
  const app = join(folder, "app");
  cpSync(join(repository, "e2e/fixtures/nextjs"), app, {
    recursive: true,
    filter: (path) => !made.has(basename(path)),
  });
  const account = join(folder, "account");
  for (const path of [account, join(app, ".vercel")]) mkdirSync(path);
  // Without an account the CLI asks for one; these are never sent anywhere.
  writeFileSync(join(account, "auth.json"), JSON.stringify({ token: "offline", userId: "user_bench" }));
  const project = { projectId: "prj_bench", orgId: "team_bench", settings: { framework: "nextjs" } };
  writeFileSync(join(app, ".vercel/project.json"), JSON.stringify(project));

  const [node, vercel] = await platform.tools({ tool: "node", major: 24 }, { tool: "vercel" });
  const child = Bun.spawn(
    [
      join(node!.binFolder, "node"),
      join(vercel!.folder, "node_modules/vercel/dist/vc.js"),
      "build",
      "--yes",
      "--prod",
      `--global-config=${account}`,
    ],
    {
      cwd: app,
      env: {
        ...process.env,
        PATH: `${node!.binFolder}:${process.env["PATH"]}`,
        VERCEL_TELEMETRY_DISABLED: "1",
        NEXT_TELEMETRY_DISABLED: "1",
      },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      timeout: buildLimitMs,
    },
  );
  const [output, errors] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (child.exitCode !== 0) {
    const words = `${output}\n${errors}`.trim().split("\n").slice(-20).join("\n");
    throw new PeerFailedError(`The Next.js fixture was not built:\n${words}`);
  }
  const next = JSON.parse(readFileSync(join(app, "node_modules/next/package.json"), "utf8")) as {
    version: string;
  };
  bench.versions["Next.js"] = next.version;
  return app;
}
