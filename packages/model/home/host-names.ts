import type { AppName, DeploymentId } from "../ids.ts";

/** A DNS label has at most 63 characters (RFC 1035, section 2.3.4). */
const labelLimit = 63;

export const productionHost = (app: AppName, domain: string): string => `${app}.${domain}`;

export const deploymentHost = (app: AppName, id: DeploymentId, domain: string): string =>
  `${app}-${id}.${domain}`;

/** Alias of a branch. */
export const branchHost = (app: AppName, branch: string, domain: string): string =>
  `${app}-git-${branchLabel(app, branch)}.${domain}`;

/**
 * What tells a branch's alias and its database from those of other branches of the app. Characters that a host name cannot hold
 * become `-`; a name that is too long is cut and told apart by six characters of a hash, so two long branches never share one. A label's
 * label is itself.
 */
export function branchLabel(app: AppName, branch: string): string {
  const slug = branch
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
  const limit = labelLimit - `${app}-git-`.length;
  if (slug !== "" && slug.length <= limit) return slug;
  return `${(slug || "branch").slice(0, limit - 7).replace(/-+$/, "")}-${shortHash(branch)}`;
}

/** FNV-1a, 32 bit, as six characters of base 36: enough to tell branches of one app apart. */
function shortHash(text: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0).toString(36).padStart(7, "0").slice(-6);
}
