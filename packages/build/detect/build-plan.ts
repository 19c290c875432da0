import type { ServicesPlan } from "../services/services-plan.ts";
import type { NodeMajor, ToolWish } from "../toolchain/tool-package.ts";

/** What a person set for the app. What its `vercel.json` and `engines` say wins, as at Vercel; what is detected gives way. */
export interface ProjectSettings {
  /** Vercel's slug (`nextjs`, `vite`, ...); `null`: no framework. */
  framework?: string | null;
  /** Folder of the app within the repository, `apps/web`. */
  rootDirectory?: string;
  buildCommand?: string;
  installCommand?: string;
  outputDirectory?: string;
  /** `24.x` */
  nodeVersion?: string;
}

export interface PackageManager {
  name: "npm" | "pnpm" | "yarn" | "bun";
  /** Exact or a range. */
  version: string;
  /** Where it was read from: `packageManager`, `pnpm-lock.yaml`, ... */
  source: string;
}

/** Everything that a build needs to know before it starts. Plain JSON: may be kept in a pipeline's row. */
export interface BuildPlan {
  /** Complete, for `.vercel/project.json`. */
  settings: ProjectSettings;
  framework: { slug: string; name: string } | undefined;
  /** `vercel build` is run. An app whose Procfile names processes asks for it by a `vercel.json`, or by a framework in its settings. */
  vercel: boolean;
  /** Absent: the app has no Procfile. */
  services?: ServicesPlan;
  packageManager: PackageManager | undefined;
  node: { major: NodeMajor; source: string };
  /** For `provisionToolchain`. */
  tools: ToolWish[];
  /** For the log. */
  warnings: string[];
}
