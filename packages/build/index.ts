/**
 * A source tree → an immutable, content-addressed build output.
 *
 * One build, as control's pipeline drives it, each step repeatable after a crash:
 *
 *   receiveUpload → unpackSource → inspectSource → provisionToolchain → runBuild → importOutput → removeBuildFolder
 *
 * `--prebuilt` leaves out inspection, toolchain and `runBuild`. Signatures first; the bodies follow in their folders.
 */
import type { HomeLayout } from "@evenkeel/model";
import type { BuiltFolder } from "./import/import-output.ts";
import type { ProvisionedTool } from "./toolchain/tool-folder.ts";
import type { NodeMajor, ToolWish } from "./toolchain/tool-package.ts";

export * from "./errors.ts";
export { type BuiltFolder, importOutput } from "./import/import-output.ts";
export { planRetention, type RetentionPlan } from "./retention/plan-retention.ts";
export { type SweepResult, sweepArtifacts } from "./retention/sweep-artifacts.ts";
export { sweepUploads } from "./retention/sweep-uploads.ts";
export { type PackedSource, type PackOptions, packSource } from "./source/pack-source.ts";
export { receiveUpload } from "./source/receive-upload.ts";
export type { SourceLimits } from "./source/source-limits.ts";
export { unpackSource } from "./source/unpack-source.ts";
export { listOutputs, type OutputSummary, readOutput } from "./store/read-output.ts";
export { type OutputFault, verifyOutput } from "./store/verify-output.ts";
export {
  describeProgress,
  type ProvisionProgress,
  provisionToolchain,
} from "./toolchain/provision-toolchain.ts";
export type { ProvisionedTool } from "./toolchain/tool-folder.ts";
export { type NodeMajor, nodeMajors, type ToolWish, vercelCliVersion } from "./toolchain/tool-package.ts";

// --- detection and checks ----------------------------------------------------------------------

/** What a person set for the app; each wins over what is detected (`vercel.json` wins over both, as at Vercel). */
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
  settings: ProjectSettings;
  framework: { slug: string; name: string } | undefined;
  packageManager: PackageManager | undefined;
  node: { major: NodeMajor; source: string };
  /** For `provisionToolchain`. */
  tools: ToolWish[];
  /** For the log. */
  warnings: string[];
}

/**
 * Reads and checks a source tree; runs nothing.
 *
 * @throws VercelConfigInvalidError (`vercel_config_invalid`), EngineUnsupportedError (`engine_unsupported`),
 *   PackageManifestInvalidError (`package_manifest_invalid`), RootDirectoryMissingError (`root_directory_missing`)
 */
export declare function inspectSource(folder: string, settings?: ProjectSettings): Promise<BuildPlan>;

// --- build -------------------------------------------------------------------------------------

export interface BuildFolder {
  /** `<builds>/<id>` */
  path: string;
  /** The source goes here (`unpackSource`). */
  source: string;
}

/** The folder of one build. `id`: `a-z 0-9 -`, one per build. */
export declare function buildFolder(layout: HomeLayout, id: string): BuildFolder;
export declare function removeBuildFolder(layout: HomeLayout, id: string): Promise<void>;

export interface RoomLimits {
  /** CPU cores; default half of the machine's, at least 1. */
  cpus: number;
  /** Default 4 GiB, at most three quarters of the machine's. */
  memoryBytes: number;
  /** Default 1,024. */
  processes: number;
  /** Default 45 minutes, as at Vercel. */
  wallTimeMs: number;
  /** What the build may add to the disk; default 10 GiB. */
  diskBytes: number;
}

export interface BuildLogLine {
  atMs: number;
  stream: "stdout" | "stderr" | "platform";
  /** Without line end; secrets replaced by `***`. */
  text: string;
}

export interface RunBuildOptions {
  folder: BuildFolder;
  plan: BuildPlan;
  tools: ProvisionedTool[];
  /** Names the npm cache that builds of one app share. */
  app: string;
  target: "production" | "preview";
  /** All that the build sees beside PATH, HOME, TMPDIR: the app's variables and the caller's `VERCEL_*`. */
  environment: Record<string, string>;
  /** Values that never appear in the log. Default: every value of `environment` whose name does not begin with `VERCEL`. */
  secrets?: string[];
  limits?: Partial<RoomLimits>;
  onLog: (line: BuildLogLine) => void;
  signal?: AbortSignal;
}

/**
 * Runs `vercel build` in a room of its own.
 *
 * @returns where the output stands, for `importOutput`
 * @throws BuildFailedError (`build_failed`), BuildTimedOutError (`build_timed_out`), BuildOutOfMemoryError (`build_out_of_memory`),
 *   BuildDiskFullError (`build_disk_full`), BuildCancelledError (`build_cancelled`), BuildWithoutOutputError (`build_without_output`),
 *   FrameworkVersionMissingError (`framework_version_missing`)
 */
export declare function runBuild(layout: HomeLayout, options: RunBuildOptions): Promise<BuiltFolder>;

/** Where a `--prebuilt` source has its output. @throws BuildWithoutOutputError */
export declare function prebuiltFolder(folder: BuildFolder, rootDirectory?: string): BuiltFolder;
