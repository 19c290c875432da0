import type { Collected } from "../migrations/collect-migrations.ts";
import type { Job } from "./pipeline-step.ts";

/** The source has a migration command of its own, which runs with the packages of the build after its output is stored. */
export const needsBuildToMigrate = ({ results }: Pick<Job, "results">): boolean =>
  (results.source as Collected | undefined)?.migrations === "command";
