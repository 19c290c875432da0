import { join } from "node:path";
import {
  type BuiltFolder,
  buildFolder,
  buildServices,
  bundleEnvSchema,
  describeProgress,
  emptyOutput,
  inspectSource,
  type ProjectSettings,
  type ProvisionProgress,
  prebuiltFolder,
  provisionToolchain,
  type RunBuildOptions,
  runBuild,
  setAsideServices,
  type ToolWish,
} from "@evenkeel/build";
import { SourceTree } from "@evenkeel/build/detect/source-tree";
import { readSandboxRoutes } from "@evenkeel/host/agent/sandbox-routes";
import { leadVariables } from "@evenkeel/host/launcher/outside/lead-variables";
import { sandboxProvidersVariable } from "@evenkeel/model";
import type { AppSettings } from "../../api/contract/index.ts";
import { getApp } from "../../apps/app-store.ts";
import { buildVariables, readDeclared } from "../../deployments/declare-variables.ts";
import { openEnvironment } from "../../deployments/deployment-environment.ts";
import type { BuildLog } from "../../logs/build-log.ts";
import type { Job, PipelineParts, PipelineStep } from "../pipeline-step.ts";

type Built = BuiltFolder & { tools?: ToolWish[] };

/** Builds in the room, a few at once on this machine. Prebuilt output only has to be found. */
export const buildStep: PipelineStep = {
  name: "build",
  state: "building",
  async run(job, parts) {
    const { settings } = await getApp(parts.database, job.deployment.app);
    const built =
      job.deployment.kind === "prebuilt"
        ? await prebuilt(job, parts, settings)
        : await parts.builds.take(() => build(job, parts, settings), job.signal);
    return { ...built };
  },
};

async function build(job: Job, parts: PipelineParts, settings: AppSettings): Promise<Built> {
  const options = await prepare(job, parts, settings);
  const { folder, plan } = options;
  if (plan.services && plan.vercel) await setAsideServices(options);
  const built = plan.vercel ? await runBuild(parts.layout, options) : emptyOutput(options);
  const services = plan.services && (await buildServices(parts.layout, options, plan.services, plan.vercel));
  const envSchema = await bundleEnvSchema(folder, plan.settings.rootDirectory ?? "", job.signal);
  // The tools for a migration command, which runs with the same ones.
  return { ...built, ...(services && { services }), ...(envSchema && { envSchema }), tools: plan.tools };
}

/** The output is there; the processes of a Procfile are built from the source that came with it. */
async function prebuilt(job: Job, parts: PipelineParts, settings: AppSettings): Promise<Built> {
  const folder = buildFolder(parts.layout, job.deployment.id);
  const root = settings.rootDirectory ?? "";
  const built = prebuiltFolder(folder, root);
  const tree = new SourceTree(folder.source);
  if (tree.readText(join(tree.appFolder(root), "Procfile")) === undefined) return built;
  return parts.builds.take(async () => {
    const options = await prepare(job, parts, settings);
    const { services, tools } = options.plan;
    if (!services) return built;
    await setAsideServices(options);
    return { ...built, services: await buildServices(parts.layout, options, services, true), tools };
  }, job.signal);
}

/** What a build in the room needs: the plan, its tools, and the variables. */
async function prepare(
  { deployment, log, signal }: Job,
  parts: PipelineParts,
  settings: AppSettings,
): Promise<RunBuildOptions> {
  const folder = buildFolder(parts.layout, deployment.id);
  const plan = await inspectSource(folder.source, projectSettings(settings));
  for (const warning of plan.warnings) log.note(warning);
  const tools = await provisionToolchain(parts.layout, plan.tools, progressNotes(log));
  const { user, system, secrets } = await openEnvironment(parts.database, parts.vault, deployment.id);
  const declared = readDeclared(folder.source, plan.settings.rootDirectory ?? "");
  const buildOnly = buildVariables(deployment, declared.build, user);
  return {
    ...{ folder, plan, tools, app: deployment.app, signal },
    target: deployment.environment === "production" ? "production" : "preview",
    environment: withLead(parts, { ...buildOnly, ...user, ...system }),
    secrets,
    onLog: (line) => log.write(line),
  };
}

/** A build that asks outside providers asks their twins, where the deployment has them. */
function withLead({ layout }: PipelineParts, environment: Record<string, string>): Record<string, string> {
  const { [sandboxProvidersVariable]: _, ...own } = environment;
  return { ...own, ...leadVariables(readSandboxRoutes(layout), environment) };
}

/** A note for each tool and step, and while bytes come one every few seconds: the log is kept, and a push shows all of it. */
function progressNotes(log: BuildLog): (progress: ProvisionProgress) => void {
  let lastKind = "";
  let lastAtMs = 0;
  return (progress) => {
    const kind = `${progress.tool} ${progress.version} ${progress.step}`;
    if (progress.step === "ready" || (kind === lastKind && Date.now() - lastAtMs < 5_000)) return;
    lastKind = kind;
    lastAtMs = Date.now();
    log.note(describeProgress(progress));
  };
}

const buildSettings = [
  "framework",
  "rootDirectory",
  "buildCommand",
  "installCommand",
  "outputDirectory",
  "nodeVersion",
] as const;

/** The app's other settings are none of its build's. */
const projectSettings = (settings: AppSettings): ProjectSettings =>
  Object.fromEntries(
    buildSettings.flatMap((name) => {
      const value = settings[name];
      return value === null || value === undefined ? [] : [[name, value]];
    }),
  );
