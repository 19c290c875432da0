import { branchHost } from "@evenkeel/model";
import type { BranchRow } from "./branch-store.ts";

/** What previews there are. */
export interface Previews {
  /** Hosts of branch aliases. */
  hosts: ReadonlySet<string>;
  /** Ids of deployments that are ready or under way. */
  deployments: ReadonlySet<string>;
  /** Branch hosts at which a deployment under way will answer. */
  coming: ReadonlySet<string>;
}

const dayMs = 86_400_000;

/**
 * Why a branch is to go; undefined while it is to stay. Pure.
 *
 * @param row absent: nobody wants it any more
 * @param usedAtMs when somebody was connected last
 */
export function unwantedBecause(
  row: BranchRow | undefined,
  previews: Previews,
  { usedAtMs, nowMs, domain }: { usedAtMs: number; nowMs: number; domain: string },
): string | undefined {
  if (!row) return "its app is gone, or it was removed";
  if (row.purpose === "preview" && !hasPreview(row, previews, domain)) return "its preview is gone";
  if (nowMs - usedAtMs > row.idleDays * dayMs) return `nobody was connected for ${row.idleDays} days`;
  return undefined;
}

function hasPreview(row: BranchRow, { hosts, deployments, coming }: Previews, domain: string): boolean {
  if (row.deployment !== null) return deployments.has(row.deployment);
  const host = branchHost(row.app, row.branch, domain);
  return hosts.has(host) || coming.has(host);
}
