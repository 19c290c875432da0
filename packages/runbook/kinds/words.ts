import type { EnvironmentName } from "@evenkeel/model";
import { z } from "zod";

/** A line of text, as a runbook has them. */
export const line = z.string().trim().min(1).max(500);
export const lines = z.union([line, z.array(line).max(100)]);
/** A quantity with its unit, read by the kind. */
export const quantity = z.union([z.string().trim().min(1).max(200), z.number()]);
export const key = z.string().min(1).max(100);
export const named = <Value extends z.ZodType>(value: Value) => z.record(key, value);

/** Also as AutoLynx writes them. */
const environmentNames: Record<string, EnvironmentName> = {
  ...{ production: "production", prod: "production", staging: "staging", stage: "staging" },
  ...{ preview: "preview", development: "development", dev: "development" },
};
export const environmentKey = z.enum([
  "production",
  "prod",
  "staging",
  "stage",
  "preview",
  "development",
  "dev",
]);
export const environmentOf = (name: string): EnvironmentName | undefined => environmentNames[name];
/** Any of the environments, each with a value of its own. */
export const byEnvironment = <Value extends z.ZodType>(value: Value) =>
  z.partialRecord(environmentKey, value);

/** Where breaches are acted upon: environments with an alias of their own. */
export const watchedEnvironments: readonly EnvironmentName[] = ["production", "staging"];

export const listOf = (value: string | string[]): string[] => (Array.isArray(value) ? value : [value]);
