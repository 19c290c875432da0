import { UsageError } from "../../errors.ts";

export type Environment = "production" | "staging" | "preview";
const environments: readonly string[] = ["production", "staging", "preview"] satisfies Environment[];

export interface ProcessOptions {
  env: string;
  branch?: string;
  json?: boolean;
}

/** @throws UsageError */
export function readEnvironment({ env }: ProcessOptions): Environment {
  if (environments.includes(env)) return env as Environment;
  throw new UsageError(`--env "${env}" is no environment with processes`, {
    hint: `Use one of: ${environments.join(", ")}.`,
  });
}
