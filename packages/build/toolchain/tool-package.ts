import { EngineUnsupportedError } from "../errors.ts";

/** Major versions of Node that builds and functions can ask for. */
export const nodeMajors = [20, 22, 24] as const;
export type NodeMajor = (typeof nodeMajors)[number];

/** The one version of Vercel's CLI that builds; newer ones have dependencies that do not resolve. */
export const vercelCliVersion = "59.25.4";

export type ToolWish =
  | { tool: "vercel" }
  | { tool: "node"; major: NodeMajor }
  /** `version`: exact or a range (`10`, `^9.1`); the resolved one is recorded and kept. */
  | { tool: "npm" | "pnpm" | "yarn" | "bun"; version: string };

export type ToolName = ToolWish["tool"];

/** Where npm has a tool, and what of it goes on `PATH`. */
export interface ToolPackage {
  tool: ToolName;
  /** npm package. */
  name: string;
  /** Exact or a range. */
  range: string;
  /** Command → file in the package; absent: as the package's `bin` says. */
  commands?: Record<string, string>;
}

/** Node and Bun come as npm packages with their binaries inside, one per platform; neither needs an install script. */
export function toolPackage(
  wish: ToolWish,
  platform: string = process.platform,
  arch: string = process.arch,
): ToolPackage {
  switch (wish.tool) {
    case "vercel":
      return { tool: "vercel", name: "vercel", range: vercelCliVersion };
    case "node":
      return {
        tool: "node",
        name: `node-${supported(platform, arch)}`,
        range: String(wish.major),
        commands: { node: "bin/node" },
      };
    case "bun":
      return {
        tool: "bun",
        name: `@oven/bun-${supported(platform, arch).replace("arm64", "aarch64")}`,
        range: wish.version,
        commands: { bun: "bin/bun", bunx: "bin/bun" },
      };
    case "yarn":
      // Yarn 1 is `yarn`; the later ones are published whole as `@yarnpkg/cli-dist`.
      return isClassicYarn(wish.version)
        ? { tool: "yarn", name: "yarn", range: wish.version }
        : { tool: "yarn", name: "@yarnpkg/cli-dist", range: wish.version };
    default:
      return { tool: wish.tool, name: wish.tool, range: wish.version };
  }
}

export function isClassicYarn(range: string): boolean {
  return /^[\^~=v<> ]*[01](\.|$)/.test(range);
}

function supported(platform: string, arch: string): string {
  if ((platform === "linux" || platform === "darwin") && (arch === "x64" || arch === "arm64")) {
    return `${platform}-${arch}`;
  }
  throw new EngineUnsupportedError(`There is no Node and Bun for ${platform} on ${arch}`, {
    hint: "Linux and macOS on x64 or arm64 are supported.",
  });
}
