import type { DeploymentId, ServedDeployment } from "@evenkeel/model";

/**
 * Whose data and tags these are: those of an app's environment, which outlive its deployments
 * (https://vercel.com/docs/caching/runtime-cache/data-cache); a preview shares them with nobody, since its database is its own too.
 */
export const dataScope = (deployment: ServedDeployment): string =>
  deployment.environment === "preview"
    ? `data:${deployment.id}`
    : `data:${deployment.app}:${deployment.environment}`;

/** Rendered pages are of one deployment: a rollback brings back the pages of the old one. */
export const pageScope = (deployment: DeploymentId): string => `page:${deployment}`;
