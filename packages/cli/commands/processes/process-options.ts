import {
  type DeployableEnvironment,
  deployableEnvironments,
  readEnvironment,
} from "../../platform/environment-option.ts";

export interface ProcessOptions {
  env: string;
  branch?: string;
  json?: boolean;
}

/** @throws UsageError */
export const environmentOf = ({ env }: ProcessOptions): DeployableEnvironment =>
  readEnvironment(env, deployableEnvironments, "environment with processes");
