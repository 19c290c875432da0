import { intersects, validRange } from "semver";
import { EngineUnsupportedError } from "../errors.ts";
import { type NodeMajor, nodeMajors } from "../toolchain/tool-package.ts";

const defaultMajor: NodeMajor = 24;
const newestFirst = [...nodeMajors].sort((one, other) => other - one);
const supported = newestFirst.map((major) => `${major}.x`).join(", ");

/** Code names of the long-term lines, which `.nvmrc` may use. */
const codeNames: Record<string, NodeMajor> = { iron: 20, jod: 22, krypton: 24 };

export interface NodeVersionSources {
  /** `engines.node` of package.json. */
  engines?: string;
  /** The app's setting, `22.x`. */
  setting?: string;
  /** Text of `.nvmrc` or `.node-version`, with the file's name. */
  versionFile?: { name: string; text: string };
}

export interface NodeChoice {
  major: NodeMajor;
  source: string;
  warning?: string;
}

/**
 * The Node that builds an app and runs its functions: `engines`, else the app's setting (as at Vercel), else a version file, else 24;
 * the newest supported one that fits.
 *
 * @throws EngineUnsupportedError (`engine_unsupported`)
 */
export function chooseNode({ engines, setting, versionFile }: NodeVersionSources): NodeChoice {
  if (engines !== undefined)
    return { major: majorFor(engines, "engines.node in package.json"), source: "engines" };
  if (setting !== undefined)
    return { major: majorFor(setting, "The app's Node version"), source: "settings" };
  if (versionFile !== undefined) {
    const major = majorOfVersionFile(versionFile.text);
    if (major !== undefined) return { major, source: versionFile.name };
    const asked = JSON.stringify(versionFile.text.trim().slice(0, 40));
    return {
      major: defaultMajor,
      source: "default",
      // Vercel does not read these files at all, so an old one must not stop a deployment.
      warning: `${versionFile.name} asks for Node ${asked}, which is not supported (${supported}); Node ${defaultMajor} is used`,
    };
  }
  return { major: defaultMajor, source: "default" };
}

function majorFor(range: string, shown: string): NodeMajor {
  if (validRange(range) === null) {
    throw new EngineUnsupportedError(`${shown} is ${JSON.stringify(range)}, which is not a version range`, {
      hint: `Write one of ${supported}.`,
    });
  }
  const major = newestFirst.find((one) => intersects(range, `${one}.x`));
  if (major === undefined) {
    throw new EngineUnsupportedError(
      `${shown} asks for Node ${JSON.stringify(range)}, which is not supported`,
      {
        hint: `Set "engines": { "node": "${defaultMajor}.x" } in package.json; supported are ${supported}.`,
      },
    );
  }
  return major;
}

function majorOfVersionFile(text: string): NodeMajor | undefined {
  const wanted = text.trim().replace(/^v/, "").toLowerCase();
  if (["node", "latest", "current", "stable", "lts/*", "lts"].includes(wanted)) return defaultMajor;
  const codeName = /^lts\/(\w+)$/.exec(wanted)?.[1];
  if (codeName !== undefined) return codeNames[codeName];
  return newestFirst.find((major) => String(major) === wanted.split(".")[0]);
}
