import { parseAppName, parseDeploymentId, parseRolloutSteps } from "@evenkeel/model";
import { z } from "zod";

/** Throws `InvalidValueError` itself, which keeps its hint. */
export const appName = z.string().transform(parseAppName);
export const deploymentId = z.string().transform(parseDeploymentId);

export const environmentName = z.enum(["production", "staging", "preview", "development"]);
/** `development` has variables, but nothing is deployed to it. */
export const deployableEnvironment = z.enum(["production", "staging", "preview"]);
export type DeployableEnvironment = z.infer<typeof deployableEnvironment>;

export const appParams = z.object({ app: appName });
export const deploymentParams = z.object({ deployment: deploymentId });

/** Of git (`feature/x`), or what its alias and its database are named by (`feature-x`). */
export const branchName = z.string().min(1).max(250);

/** A time with its zone, an LSN, a transaction, the name of a restore point, or `latest`. */
export const recoveryPoint = z.string().min(1).max(100);

/** Query parameters are text: `true`, `1` and the bare name are true. */
export const flag = z
  .enum(["true", "false", "1", "0", ""])
  .transform((text) => text !== "false" && text !== "0")
  .optional();

/** Newest first; `before` continues after the last one received. */
export const page = { limit: z.coerce.number().int().min(1).max(500).default(50) };

/** How long what a secret was before is accepted beside it; at most 30 days, default an hour. */
export const overlap = z
  .number()
  .int()
  .min(0)
  .max(30 * 86_400_000)
  .default(3_600_000);

/** As a person writes them; `parseRolloutSteps`. */
export const rolloutSteps = z.string().max(1_000).transform(parseRolloutSteps);

export const reason = z.string().trim().max(1_000).optional();
