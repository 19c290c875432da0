import type { EnvironmentName } from "../serving/serving-state.ts";

/** What a signal is measured of. */
export interface SignalScope {
  /** Name of an app, or `platformApp`. */
  app: string;
  environment: EnvironmentName;
  /** Absent: of the environment as a whole, as its database is. */
  deployment?: string;
  /** Instance, schedule, error class, provider…: the catalogue says which. At most 200 characters. */
  detail?: string;
}

/** Whose signals those of the platform itself are: its disk, its certificates. */
export const platformApp = "_platform";

export const platformScope: SignalScope = { app: platformApp, environment: "production" };
