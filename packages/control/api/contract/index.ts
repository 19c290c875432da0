import { approvalRoutes } from "./approvals.ts";
import { appRoutes } from "./apps.ts";
import { blobRoutes } from "./blobs.ts";
import { branchRoutes } from "./branches.ts";
import { configurationRoutes } from "./configuration.ts";
import { databaseRoutes } from "./databases.ts";
import { deploymentRoutes } from "./deployments.ts";
import { deviceLoginRoutes } from "./device-logins.ts";
import { drainRoutes } from "./drains.ts";
import { drillRoutes } from "./drills.ts";
import { eventRoutes } from "./events.ts";
import { exportRoutes } from "./exports.ts";
import { flagRoutes } from "./flags.ts";
import { healthRoutes } from "./health.ts";
import { incidentRoutes } from "./incidents.ts";
import { logRoutes } from "./logs.ts";
import { migrationRoutes } from "./migrations.ts";
import { modeRoutes } from "./modes.ts";
import { notificationRoutes } from "./notifications.ts";
import { overviewRoutes } from "./overview.ts";
import { peopleRoutes } from "./people.ts";
import { platformRoutes } from "./platform.ts";
import { processRoutes } from "./processes.ts";
import { pushRoutes } from "./pushes.ts";
import { releasePlanRoutes } from "./release-plan.ts";
import { releaseRuleRoutes } from "./release-rules.ts";
import { releaseRoutes } from "./releases.ts";
import { runbookRoutes } from "./runbooks.ts";
import { scheduleRoutes } from "./schedules.ts";
import { signalRoutes } from "./signals.ts";
import { stagedReleaseRoutes } from "./staged-releases.ts";
import { standbyRoutes } from "./standbys.ts";
import { telemetryRoutes } from "./telemetry.ts";
import { verificationRoutes } from "./verifications.ts";

export * from "./approvals.ts";
export * from "./apps.ts";
export * from "./blobs.ts";
export * from "./branches.ts";
export * from "./configuration.ts";
export * from "./databases.ts";
export * from "./deployments.ts";
export * from "./device-logins.ts";
export * from "./drains.ts";
export * from "./drills.ts";
export * from "./events.ts";
export * from "./exports.ts";
export * from "./flags.ts";
export * from "./health.ts";
export * from "./incidents.ts";
export * from "./logs.ts";
export * from "./migrations.ts";
export * from "./modes.ts";
export * from "./notifications.ts";
export * from "./overview.ts";
export type { DeployableEnvironment } from "./parameters.ts";
export * from "./people.ts";
export * from "./platform.ts";
export * from "./processes.ts";
export * from "./pushes.ts";
export * from "./release-plan.ts";
export * from "./release-rules.ts";
export * from "./releases.ts";
export * from "./route.ts";
export * from "./runbooks.ts";
export * from "./schedules.ts";
export * from "./signals.ts";
export * from "./staged-releases.ts";
export * from "./standbys.ts";
export * from "./telemetry.ts";
export * from "./verifications.ts";

/** Every route of the API but git's own protocol (`/<app>.git/…`); the server and the client are both made from it. */
export const contract = {
  ...platformRoutes,
  ...peopleRoutes,
  ...deviceLoginRoutes,
  ...appRoutes,
  ...approvalRoutes,
  ...deploymentRoutes,
  ...releaseRoutes,
  ...stagedReleaseRoutes,
  ...releaseRuleRoutes,
  ...releasePlanRoutes,
  ...healthRoutes,
  ...incidentRoutes,
  ...notificationRoutes,
  ...modeRoutes,
  ...configurationRoutes,
  ...databaseRoutes,
  ...standbyRoutes,
  ...blobRoutes,
  ...drainRoutes,
  ...drillRoutes,
  ...exportRoutes,
  ...flagRoutes,
  ...branchRoutes,
  ...logRoutes,
  ...migrationRoutes,
  ...verificationRoutes,
  ...scheduleRoutes,
  ...signalRoutes,
  ...runbookRoutes,
  ...processRoutes,
  ...pushRoutes,
  ...telemetryRoutes,
  ...eventRoutes,
  ...overviewRoutes,
};
export type Contract = typeof contract;
export type RouteName = keyof Contract;
