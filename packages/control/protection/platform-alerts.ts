import type { DatabaseReport, PlatformProtection } from "@evenkeel/model";
import type { DatabasesLink } from "../databases/databases-link.ts";
import { protectionAlerts } from "./protection-alerts.ts";

const keeperLimitMs = 2_000;

export interface Protection {
  platform: PlatformProtection;
  databases: DatabaseReport[];
}

/** What the keeper of databases says of archives and backups; undefined where it does not answer in time. */
export async function askProtection(databases: Pick<DatabasesLink, "ask">): Promise<Protection | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => late.resolve(undefined), keeperLimitMs);
  const asked = Promise.all([databases.ask({ type: "platform" }), databases.ask({ type: "list" })])
    .then(([{ platform }, { databases: reports = [] }]) => ({ platform: platform!, databases: reports }))
    .catch(() => undefined);
  return Promise.race([asked, late.promise]).finally(() => clearTimeout(timer));
}

export const alertsOf = (protection: Protection | undefined): string[] =>
  protection
    ? protectionAlerts(protection.platform, protection.databases)
    : ["The keeper of databases does not answer: nothing is archived now"];

/** What the platform promises and does not keep now, in sentences. */
export const platformAlerts = async (databases: Pick<DatabasesLink, "ask">): Promise<string[]> =>
  alertsOf(await askProtection(databases));
