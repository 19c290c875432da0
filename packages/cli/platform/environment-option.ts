import type { EnvironmentName } from "@evenkeel/model";
import { UsageError } from "../errors.ts";

export const deployableEnvironments = ["production", "staging", "preview"] as const;
export type DeployableEnvironment = (typeof deployableEnvironments)[number];
export const allEnvironments = [
  ...deployableEnvironments,
  "development",
] as const satisfies EnvironmentName[];

/**
 * The value of `--env`.
 *
 * @param kind of environment, for the error: `environment with a database`
 * @throws UsageError
 */
export function readEnvironment<Name extends string>(
  env: string,
  known: readonly Name[],
  kind: string,
): Name {
  const found = known.find((name) => name === env);
  if (found !== undefined) return found;
  throw new UsageError(`--env "${env}" is no ${kind}`, { hint: `Use one of: ${known.join(", ")}.` });
}
