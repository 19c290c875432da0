/**
 * A source tree → an immutable, content-addressed build output.
 *
 * One build, as control's pipeline drives it, each step repeatable after a crash:
 *
 *   receiveUpload → unpackSource → inspectSource → provisionToolchain → runBuild → importOutput → removeBuildFolder
 *
 * With a Procfile `buildServices` follows, in the place of `runBuild` or after it.
 *
 * With `--prebuilt`: receiveUpload → unpackSource → prebuiltFolder → importOutput → removeBuildFolder; with a Procfile `buildServices` before the import.
 */
export type { BuildPlan, PackageManager, ProjectSettings } from "./detect/build-plan.ts";
export { type BundledEnvSchema, bundleEnvSchema } from "./env-schema/bundle-env-schema.ts";
export { checkEnvironment, type EnvironmentCheck } from "./env-schema/check-environment.ts";
export * from "./errors.ts";
export type { BuiltFolder } from "./import/import-output.ts";
export type { InlinedSecrets } from "./import/inlined-secrets.ts";
export { importOutput, inspectSource } from "./large-parts.ts";
export { planRetention, type RetentionPlan } from "./retention/plan-retention.ts";
export { type SweepResult, sweepArtifacts } from "./retention/sweep-artifacts.ts";
export { sweepUploads } from "./retention/sweep-uploads.ts";
export { isolationMissing } from "./room/room-isolation.ts";
export type { RoomLimits } from "./room/room-limits.ts";
export {
  type EvaluatedRunbook,
  type EvaluateRunbookOptions,
  evaluateOwnRunbook,
  evaluateRunbook,
} from "./runbook/evaluate-runbook.ts";
export {
  type BuiltServices,
  buildServices,
  emptyOutput,
  setAsideServices,
} from "./services/build-services.ts";
export { missingSystemPackages } from "./services/system-packages.ts";
export { type PackedSource, type PackOptions, packSource } from "./source/pack-source.ts";
export { receiveUpload } from "./source/receive-upload.ts";
export type { SourceLimits } from "./source/source-limits.ts";
export { unpackSource } from "./source/unpack-source.ts";
export { uploadPath } from "./source/upload-layout.ts";
export { listOutputs, type OutputSummary, readOutput } from "./store/read-output.ts";
export { type OutputFault, verifyOutput } from "./store/verify-output.ts";
export {
  describeProgress,
  type ProvisionProgress,
  provisionToolchain,
} from "./toolchain/provision-toolchain.ts";
export type { ProvisionedTool } from "./toolchain/tool-folder.ts";
export { type NodeMajor, nodeMajors, type ToolWish, vercelCliVersion } from "./toolchain/tool-package.ts";
export {
  type BuildFolder,
  buildFolder,
  prebuiltFolder,
  removeBuildCaches,
  removeBuildFolder,
  sweepBuildFolders,
} from "./vercel-build/build-folder.ts";
export { type BuildLogLine, type RunBuildOptions, runBuild } from "./vercel-build/run-build.ts";
export { type RunCommandOptions, runAppCommand } from "./vercel-build/run-command.ts";
