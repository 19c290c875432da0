import { buildFolder, provisionToolchain, runAppCommand, type ToolWish } from "@evenkeel/build";
import { EvenkeelError, errorJson, formatDuration } from "@evenkeel/model";
import { getApp } from "../apps/app-store.ts";
import { hostUrl } from "../apps/hosts.ts";
import { openEnvironment } from "../deployments/deployment-environment.ts";
import { GateFailedError } from "../errors.ts";
import type { Job, PipelineParts } from "../pipeline/pipeline-step.ts";
import { beginGate, endGate, gatesOf } from "./gate-store.ts";
import type { PlannedGate } from "./planned-gates.ts";

/**
 * Runs the commands of one stage in their order, each in a room as its build's, with its packages and its variables. The first that does not pass
 * ends it. Those that passed before a crash are not run again.
 *
 * Of the stage `url` a command finds the deployment at `DEPLOYMENT_URL` (and `BASE_URL`, `PLAYWRIGHT_TEST_BASE_URL`).
 *
 * @throws GateFailedError
 */
export async function runGates(job: Job, parts: PipelineParts, gates: PlannedGate[]): Promise<void> {
  const { deployment, log, signal } = job;
  const { database } = parts;
  const passed = new Set(
    (await gatesOf(database, deployment.id)).flatMap(({ name, state }) => (state === "passed" ? [name] : [])),
  );
  for (const [position, gate] of gates.entries()) {
    if (passed.has(gate.name)) continue;
    await beginGate(database, deployment.id, { ...gate, position });
    log.note(`Running ${gate.name}: ${gate.run}`);
    const startedAtMs = performance.now();
    try {
      await parts.builds.take(() => runGate(job, parts, gate), signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof EvenkeelError)) throw error;
      const failed = new GateFailedError(gate.name, error);
      await endGate(database, deployment.id, gate.name, errorJson(failed));
      throw failed;
    }
    await endGate(database, deployment.id, gate.name);
    log.note(`${gate.name} passed after ${formatDuration(performance.now() - startedAtMs)}`);
  }
}

async function runGate(
  job: Job,
  parts: PipelineParts,
  { run, stage, timeoutMs }: PlannedGate,
): Promise<void> {
  const { deployment, results, log, signal } = job;
  const { app, id, host } = deployment;
  const { database, vault, layout, place, edge } = parts;
  const { settings } = await getApp(database, app);
  const { user, system, secrets } = await openEnvironment(database, vault, id);
  const url = hostUrl(host, place);
  await runAppCommand(layout, {
    ...{ folder: buildFolder(layout, id), app, signal, secrets },
    tools: await provisionToolchain(layout, (results.build as { tools: ToolWish[] }).tools),
    argv: ["/bin/sh", "-c", run],
    workingFolder: settings.rootDirectory ?? "",
    onLog: (line) => log.write(line),
    target: deployment.environment === "production" ? "production" : "preview",
    environment: {
      ...user,
      ...system,
      ...(stage === "url" && { DEPLOYMENT_URL: url, BASE_URL: url, PLAYWRIGHT_TEST_BASE_URL: url }),
    },
    // Names under `localhost` are not known to every resolver.
    hosts: stage === "url" ? { [host]: edge.address } : {},
    limits: { wallTimeMs: timeoutMs },
  });
}
