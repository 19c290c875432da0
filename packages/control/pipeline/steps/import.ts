import { type BuiltFolder, type InlinedSecrets, importOutput, removeBuildFolder } from "@evenkeel/build";
import { type AppName, formatSize, secretVariables } from "@evenkeel/model";
import { scheduleDefinitions } from "@evenkeel/schedules";
import { getApp } from "../../apps/app-store.ts";
import { openEnvironment } from "../../deployments/deployment-environment.ts";
import type { DeploymentRow } from "../../deployments/deployment-row.ts";
import type { BuildLog } from "../../logs/build-log.ts";
import { attachCronSecret } from "../../schedules/cron-secret.ts";
import { declareSchedules } from "../../schedules/job-store.ts";
import { needsBuildToMigrate } from "../needs-build-to-migrate.ts";
import type { PipelineParts, PipelineStep } from "../pipeline-step.ts";
import { recordOutput } from "../step-store.ts";

/** Brings the output into the artifact store. From here on the build folder is no longer needed, but by a migration command and by tests. */
export const importStep: PipelineStep = {
  name: "import",
  state: "building",
  async run({ deployment, results, log, signal }, { layout, database, vault, imports }) {
    const isNeeded = needsBuildToMigrate({ results }) || results.gates?.["later"] === true;
    const built = results.build as unknown as BuiltFolder;
    const secrets = await searchedSecrets(deployment, { database, vault });
    const onInlined = (found: InlinedSecrets) => noteInlined(log, deployment.app, found);
    const output = await imports.take(
      () => importOutput(layout, settledUnless(isNeeded, built), { signal, secrets, onInlined }),
      signal,
    );
    const functions = Object.keys(output.functionsById).length;
    const { services } = output;
    await recordOutput(database.progress, deployment.id, output.id, {
      hasFunctions: functions > 0 || services !== undefined,
      processes: services?.processes,
    });
    const schedules = scheduleDefinitions(output);
    if (schedules.length > 0) {
      // Where the build itself made them, the source did not show that a secret is needed.
      await attachCronSecret(database, vault, deployment);
      await declareSchedules(database, deployment.id, schedules);
      log.note(`Declares ${schedules.length === 1 ? "one schedule" : `${schedules.length} schedules`}`);
    }
    const files = Object.keys(output.files).length;
    log.note(`Stored ${files} static files and ${functions} functions, ${formatSize(output.sizeBytes)}`);
    if (services) log.note(`Process types: ${Object.keys(services.processes).join(", ")}`);
    // Behind: it may be a large node_modules, and a crash leaves it to the next start's clean-up.
    if (!isNeeded) void removeBuildFolder(layout, deployment.id).catch(() => {});
    return { output: output.id };
  },
};

/** All but those that somebody has published. */
async function searchedSecrets(
  { id, app }: DeploymentRow,
  { database, vault }: Pick<PipelineParts, "database" | "vault">,
): Promise<Record<string, string>> {
  const { secrets } = await openEnvironment(database, vault, id);
  const { settings } = await getApp(database, app);
  return secretVariables(secrets, settings.publishedVariables ?? []);
}

function noteInlined(log: BuildLog, app: AppName, { doubtful, server }: InlinedSecrets): void {
  for (const { file, names } of doubtful.slice(0, shownFiles))
    log.note(
      `${file}, which browsers can load, holds the value of ${names.join(", ")}. If that is meant: evenkeel env publish ${app} ${names.join(" ")}`,
    );
  for (const { file, names } of server.slice(0, shownFiles))
    log.note(
      `${file} holds the value of ${names.join(", ")}: the build has put it there, so another value takes effect with the next build only`,
    );
}

const shownFiles = 5;

/** Where code of the app runs in the folder afterwards, files of the store must not be the same as files in it. */
const settledUnless = (isNeeded: boolean, built: BuiltFolder): BuiltFolder =>
  isNeeded ? { ...built, settled: false } : built;
