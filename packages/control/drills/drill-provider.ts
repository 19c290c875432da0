import { existsSync, readFileSync } from "node:fs";
import {
  type AppEnvironment,
  type DatabaseProgress,
  type DrillFindings,
  errorJson,
  type SandboxRoutes,
} from "@evenkeel/model";
import type { FallbackPlan, RunbookPlan } from "@evenkeel/runbook";
import { DrillImpossibleError } from "../errors.ts";
import { afterCheck, type FallbackState, firstState } from "../fallback/fallback-state.ts";
import { serviceAnswers } from "../fallback/service-answers.ts";
import type { DrillParts } from "./drills.ts";

/** Nothing is deployed to it, so nobody else asks its twins. */
const account = "development";
/** Apps go back after this in a rehearsal, however long they really wait. */
const recoverAfterMs = 2_000;
const recoveryCheckMs = 500;

/**
 * Takes the outside service of the runbook's fallback away from the twin of it, in the account of an environment that nothing is deployed to. The same
 * checks, at the same intervals, have to see it, and have to see that it is back.
 */
export async function drillProvider(
  { sandbox }: DrillParts,
  { app }: AppEnvironment,
  plan: RunbookPlan | undefined,
  onProgress: (progress: DatabaseProgress) => void,
): Promise<DrillFindings> {
  const findings: DrillFindings = { steps: [], failures: [] };
  const step = async <Result>(name: string, says: string, work: () => Promise<Result>): Promise<Result> => {
    onProgress({ step: name });
    const startedMs = performance.now();
    const note = (said: string) =>
      findings.steps.push({ name, tookMs: Math.round(performance.now() - startedMs), says: said });
    try {
      const result = await work();
      note(says);
      return result;
    } catch (error) {
      const { code, message } = errorJson(error);
      note(`failed: ${message}`);
      findings.failures.push({ step: name, code, message });
      throw error;
    }
  };
  const name = { app, environment: account };
  let fault: string | undefined;
  try {
    const fallback = plan?.recovery.fallbacks.find((each) => each.name === "critical_service_down");
    const { provider, twin, headers } = await step(
      "Finding the twin of the service",
      "it answers",
      async () => {
        if (!fallback)
          throw new DrillImpossibleError(
            "The runbook names no service and no flag",
            "Add `fallback: { url, flag }` to disasterScenarios.critical_service_down.",
          );
        const found = await twinOf(sandbox, app, fallback);
        if (!(await serviceAnswers({ ...fallback, url: found.twin }, found.headers)))
          throw new DrillImpossibleError(
            `The twin of ${new URL(fallback.url).host} does not answer`,
            "See `evenkeel status`.",
          );
        return found;
      },
    );
    const asked = { ...fallback!, url: twin, recoverAfterMs };
    let state: FallbackState = firstState(Date.now());
    const until = async (isAway: boolean, everyMs: number): Promise<void> => {
      const limitMs = Date.now() + everyMs * asked.failures + recoverAfterMs + 30_000;
      while (state.isAway !== isAway) {
        if (Date.now() > limitMs)
          throw new DrillImpossibleError(
            `The checks did not see that the service is ${isAway ? "down" : "back"}`,
            "See the steps.",
          );
        state = afterCheck(state, await serviceAnswers(asked, headers), asked, Date.now());
        if (state.isAway !== isAway) await Bun.sleep(everyMs);
      }
    };
    await step(
      "Taking the service away",
      `${provider} is down in the sandbox's account of ${account}`,
      async () => {
        fault = await sandbox.addFault(name, { provider, fault: { type: "down" } });
      },
    );
    const begunMs = performance.now();
    await step(
      "Waiting until the fallback is decided",
      `${asked.flag} would be ${JSON.stringify(asked.value)}`,
      () => until(true, asked.intervalMs),
    );
    findings.rtoMs = Math.round(performance.now() - begunMs);
    findings.rpoMs = 0;
    await sandbox.removeFault(name, fault!);
    fault = undefined;
    await step(
      "Giving it back",
      `${asked.flag} would be given back after ${fallback!.recoverAfterMs / 1_000} s of answers`,
      () => until(false, recoveryCheckMs),
    );
  } catch (error) {
    if (findings.failures.length === 0) {
      const { code, message } = errorJson(error);
      findings.failures.push({ step: "the drill itself", code, message });
    }
  } finally {
    if (fault !== undefined) await sandbox.removeFault(name, fault).catch(() => {});
  }
  return findings;
}

async function twinOf(
  sandbox: DrillParts["sandbox"],
  app: AppEnvironment["app"],
  { url }: FallbackPlan,
): Promise<{ provider: string; twin: string; headers: Record<string, string> }> {
  const { host, pathname, search } = new URL(url);
  const routes = existsSync(sandbox.routesPath)
    ? (JSON.parse(readFileSync(sandbox.routesPath, "utf8")) as SandboxRoutes)
    : undefined;
  const provider = Object.entries(routes?.hosts ?? {}).find(([, hosts]) => hosts.includes(host))?.[0];
  if (!routes || provider === undefined)
    throw new DrillImpossibleError(
      `There is no twin of ${host}`,
      "`evenkeel sandbox --help` names the providers that there are twins of.",
    );
  const { variables } = await sandbox.attach({ app, environment: account });
  const key = Object.entries(variables[provider] ?? {}).find(([name]) => /KEY|TOKEN|SECRET/.test(name))?.[1];
  return {
    provider,
    twin: `http://127.0.0.1:${routes.port}/${provider}${pathname}${search}`,
    headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
  };
}
