import { dirname, posix } from "node:path";
import type { PackageManager } from "../detect/build-plan.ts";
import { lockfilesOf } from "../detect/package-manager.ts";
import type { PackageManifest } from "../detect/package-manifest.ts";
import { parseProcfile } from "./parse-procfile.ts";
import { parseAptfile } from "./system-packages.ts";

/** How the services of an app are built. Plain JSON. */
export interface ServicesPlan {
  /** Type → command. */
  processes: Record<string, string>;
  steps: ServicesBuildStep[];
  systemPackages: string[];
}

/** One command of the build, by its arguments. */
export interface ServicesBuildStep {
  /** For the log: `Installing with npm`. */
  title: string;
  argv: string[];
}

export interface ServicesSource {
  /** Folder of the app in the source, `""` for the root. */
  app: string;
  readText(path: string): string | undefined;
  manifest: PackageManifest | undefined;
  packageManager: PackageManager | undefined;
}

/**
 * Reads the Procfile, and plans what Heroku's Node.js buildpack does
 * (https://devcenter.heroku.com/articles/nodejs-support#build-behavior): install with dev dependencies, `heroku-postbuild` or else
 * `build`, prune to production's. Undefined: there is no Procfile.
 *
 * @throws ProcfileInvalidError (`procfile_invalid`)
 */
export function planServices(source: ServicesSource): ServicesPlan | undefined {
  const procfile = posix.join(source.app, "Procfile");
  const text = source.readText(procfile);
  if (text === undefined) return undefined;
  return {
    processes: parseProcfile(text, procfile),
    steps:
      source.manifest && source.packageManager
        ? nodeSteps(source, source.manifest, source.packageManager)
        : [],
    systemPackages: parseAptfile(source.readText(posix.join(source.app, "Aptfile")) ?? ""),
  };
}

function nodeSteps(
  { app, readText }: ServicesSource,
  { scripts = {} }: PackageManifest,
  manager: PackageManager,
): ServicesBuildStep[] {
  const { name } = manager;
  const locked = foldersUpward(app).some((folder) =>
    lockfilesOf(name).some((file) => readText(posix.join(folder, file)) !== undefined),
  );
  const classic = /^[~^=v]*[01](?:\.|$)/.test(manager.version);
  const run = (script: string): ServicesBuildStep[] =>
    scripts[script] === undefined ? [] : [{ title: `Running ${script}`, argv: [name, "run", script] }];
  const prune = pruneOf(name, classic, locked);
  return [
    ...run("heroku-prebuild"),
    { title: `Installing with ${name}`, argv: [name, ...installOf(name, classic, locked)] },
    ...(scripts["heroku-postbuild"] === undefined ? run("build") : run("heroku-postbuild")),
    ...(prune ? [{ title: "Removing dev dependencies", argv: [name, ...prune] }] : []),
    ...run("heroku-cleanup"),
  ];
}

/** A workspace's lockfile stands at the top. */
function foldersUpward(app: string): string[] {
  const above = dirname(app);
  return app === "" || app === "." ? [""] : [app, ...foldersUpward(above)];
}

/** With dev dependencies, whatever `NODE_ENV` says; from the lockfile as it stands. */
function installOf(name: PackageManager["name"], classic: boolean, locked: boolean): string[] {
  switch (name) {
    case "npm":
      return [locked ? "ci" : "install", "--include=dev"];
    case "pnpm":
      return ["install", "--prod=false", ...(locked ? ["--frozen-lockfile"] : [])];
    case "yarn":
      if (classic) return ["install", "--production=false", ...(locked ? ["--frozen-lockfile"] : [])];
      return ["install", ...(locked ? ["--immutable"] : ["--no-immutable"])];
    case "bun":
      return ["install", ...(locked ? ["--frozen-lockfile"] : [])];
  }
}

/** Bun cannot take away what is installed; its apps keep their dev dependencies. */
function pruneOf(name: PackageManager["name"], classic: boolean, locked: boolean): string[] | undefined {
  switch (name) {
    case "npm":
      return ["prune", "--omit=dev"];
    case "pnpm":
      return ["prune", "--prod", "--ignore-scripts"];
    case "yarn":
      if (!classic) return ["workspaces", "focus", "--all", "--production"];
      return [
        "install",
        "--production",
        "--ignore-scripts",
        "--prefer-offline",
        ...(locked ? ["--frozen-lockfile"] : []),
      ];
    case "bun":
      return undefined;
  }
}
