import type { FunctionId, SlugId } from "../ids.ts";
import type { FunctionFile } from "./build-output.ts";

/** The long-running processes of an app, as its Procfile names them: https://devcenter.heroku.com/articles/procfile */
export interface Services {
  /** Its files, materialised at `artifacts/trees/<slug>` and listed in `artifacts/slugs/<slug>.json`. */
  slug: SlugId;
  /** Process type → command, as the Procfile has it. `release` is among them. */
  processes: Record<string, string>;
  /** Where processes start: the app's folder in the slug, `""` for its top. */
  folder: string;
  /** `nodejs24.x`: the Node on `PATH`. */
  runtime: string;
  /** Package managers on `PATH`, from the toolchain. */
  tools: { tool: string; version: string }[];
  /** Debian packages that the app's Aptfile names. */
  systemPackages: string[];
}

/** The files of an app's services, as `artifacts/slugs/<id>.json` has them. Apart from the build output, which edges hold in memory. */
export interface Slug {
  formatVersion: 1;
  id: SlugId;
  tree: FunctionFile[];
}

/** The type whose processes edges send requests to. */
export const webProcess = "web";
/** The type that is run once, before a deployment goes live. */
export const releaseProcess = "release";

/** In the place of a function's id where edges and host speak of a process type. Ids of functions are hashes, so they never meet. */
export const webFunction = webProcess as FunctionId;
