import type { AppName } from "./ids.ts";
import type { EnvironmentName } from "./serving/serving-state.ts";

/** What has variables, flags, a database and a bucket of its own. */
export interface AppEnvironment {
  app: AppName;
  environment: EnvironmentName;
}
