import { type AppName, branchHost, productionHost } from "@evenkeel/model";
import type { DeployableEnvironment } from "../api/contract/index.ts";

/** Where the platform answers: `PlatformConfig` without what only edges need. */
export interface Place {
  domain: string;
  port: number;
}

export const stagingHost = (app: AppName, domain: string): string => `${app}-staging.${domain}`;

/** The host name with the port where browsers need one. */
export const authority = (host: string, place: Place): string =>
  place.port === 80 ? host : `${host}:${place.port}`;

export const hostUrl = (host: string, place: Place): string => `http://${authority(host, place)}`;

/** The alias that a release of this environment moves; a preview without a branch has none. */
export function releaseHost(
  app: AppName,
  environment: DeployableEnvironment,
  branch: string | undefined,
  domain: string,
): string | undefined {
  if (environment === "production") return productionHost(app, domain);
  if (environment === "staging") return stagingHost(app, domain);
  return branch === undefined ? undefined : branchHost(app, branch, domain);
}
