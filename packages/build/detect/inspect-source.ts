import { dirname, join, posix } from "node:path";
import { releaseProcess } from "@evenkeel/model";
import { planServices } from "../services/services-plan.ts";
import type { ToolWish } from "../toolchain/tool-package.ts";
import type { BuildPlan, PackageManager, ProjectSettings } from "./build-plan.ts";
import { chooseNode } from "./node-version.ts";
import { choosePackageManager, lockfilesOf, npmFor } from "./package-manager.ts";
import { type PackageManifest, parsePackageManifest } from "./package-manifest.ts";
import { SourceTree } from "./source-tree.ts";

/**
 * Reads and checks a source tree; runs nothing.
 *
 * @throws VercelConfigInvalidError (`vercel_config_invalid`), EngineUnsupportedError (`engine_unsupported`),
 *   PackageManifestInvalidError (`package_manifest_invalid`), PackageManagerUnsupportedError (`package_manager_unsupported`),
 *   ProcfileInvalidError (`procfile_invalid`), RootDirectoryMissingError (`root_directory_missing`)
 */
export async function inspectSource(folder: string, settings: ProjectSettings = {}): Promise<BuildPlan> {
  const tree = new SourceTree(folder);
  const app = tree.appFolder(settings.rootDirectory);
  const configName = posix.join(app, "vercel.json");
  const configText = tree.readText(configName);
  const config = configText === undefined ? {} : await readConfig(configText, configName);
  const manifests = upwards(app).map((at) => readManifest(tree, at));
  const own = manifests[0];

  const node = chooseNode({
    engines: own?.engines?.node ?? manifests.at(-1)?.engines?.node,
    setting: settings.nodeVersion,
    versionFile: versionFile(tree, app),
  });
  const declared = manifests.find((manifest) => manifest?.packageManager !== undefined)?.packageManager;
  const packageManager = manifests.some(Boolean)
    ? choosePackageManager(
        declared,
        upwards(app).map((at) => at || "."),
        node.major,
        (path) => tree.readText(path),
      )
    : undefined;
  const readText = (path: string) => tree.readText(path);
  const services = planServices({ app, readText, manifest: own, packageManager });
  // A Procfile alone says that the app is Heroku's: what is among its dependencies is its own business. One that only adds a release phase
  // says nothing of what is to answer.
  const onlyReleases = services && Object.keys(services.processes).every((type) => type === releaseProcess);
  const vercel =
    services === undefined ||
    onlyReleases === true ||
    configText !== undefined ||
    typeof settings.framework === "string";
  const framework = vercel
    ? await findFramework(join(tree.root, app), settings.framework, config["framework"])
    : undefined;
  return {
    settings: {
      ...settings,
      rootDirectory: app || undefined,
      framework: framework?.slug ?? null,
      nodeVersion: `${node.major}.x`,
      installCommand: settings.installCommand ?? installCommand(packageManager, config, tree, app),
    },
    framework,
    vercel,
    ...(services && { services }),
    packageManager,
    node: { major: node.major, source: node.source },
    tools: toolsFor(node.major, packageManager).filter(({ tool }) => vercel || tool !== "vercel"),
    warnings: node.warning === undefined ? [] : [node.warning],
  };
}

/** `apps/web` → `apps/web`, `apps`, `` */
function upwards(app: string): string[] {
  const folders = [app];
  for (let at = app; at !== ""; ) {
    at = dirname(at) === "." ? "" : dirname(at);
    folders.push(at);
  }
  return folders;
}

function readManifest(tree: SourceTree, folder: string): PackageManifest | undefined {
  const name = posix.join(folder, "package.json");
  const text = tree.readText(name);
  return text === undefined ? undefined : parsePackageManifest(text, name);
}

function versionFile(tree: SourceTree, app: string) {
  for (const folder of upwards(app)) {
    for (const name of [".nvmrc", ".node-version"]) {
      const text = tree.readText(posix.join(folder, name));
      if (text !== undefined) return { name, text };
    }
  }
  return undefined;
}

/** Loaded on first need: Vercel's schemas take 80 ms. */
async function readConfig(text: string, name: string): Promise<Record<string, unknown>> {
  const { validateVercelConfig } = await import("./vercel-config/validate-vercel-config.ts");
  return validateVercelConfig(text, name);
}

/** Loaded on first need: the detectors of a hundred frameworks take 150 ms. */
async function findFramework(
  folder: string,
  setting: string | null | undefined,
  configured: unknown,
): Promise<BuildPlan["framework"]> {
  const { frameworkList } = await import("@vercel/frameworks");
  const named = (slug: string | null) => {
    const found = frameworkList.find((framework) => framework.slug === slug);
    return slug === null ? undefined : { slug, name: found?.name ?? slug };
  };
  if (typeof configured === "string" || configured === null) return named(configured);
  if (setting !== undefined) return named(setting);
  const { detectFramework, LocalFileSystemDetector } = await import("@vercel/fs-detectors");
  return named(await detectFramework({ fs: new LocalFileSystemDetector(folder), frameworkList }));
}

/** The CLI goes by lockfiles alone; a `packageManager` without its lockfile is told to it. */
function installCommand(
  manager: PackageManager | undefined,
  config: Record<string, unknown>,
  tree: SourceTree,
  app: string,
): string | undefined {
  if (manager?.source !== "packageManager" || manager.name === "npm") return undefined;
  if (config["installCommand"] !== undefined) return undefined;
  const lockfiles = lockfilesOf(manager.name);
  const locked = upwards(app).some((folder) =>
    lockfiles.some((name) => tree.readText(posix.join(folder, name)) !== undefined),
  );
  return locked ? undefined : `${manager.name} install`;
}

function toolsFor(major: BuildPlan["node"]["major"], manager: PackageManager | undefined): ToolWish[] {
  const npm: ToolWish = { tool: "npm", version: manager?.name === "npm" ? manager.version : npmFor(major) };
  const other: ToolWish[] =
    manager === undefined || manager.name === "npm" ? [] : [{ tool: manager.name, version: manager.version }];
  return [{ tool: "vercel" }, { tool: "node", major }, npm, ...other];
}
