import { randomBytes } from "node:crypto";
import type { AppEnvironment, DatabaseProgress, DrillFindings } from "@evenkeel/model";
import { openVariables } from "../variables/variable-store.ts";
import type { DrillParts } from "./drills.ts";

/**
 * Replaces every secret of an environment on a copy of its variables: each gets a new value, sealed under a data key of its own, and what the old seal
 * holds is not what the app would get. Nothing of it is stored.
 */
export async function drillSecrets(
  { database, vault }: DrillParts,
  { app, environment }: AppEnvironment,
  onProgress: (progress: DatabaseProgress) => void,
): Promise<DrillFindings> {
  const name = "Replacing every secret";
  onProgress({ step: name });
  const startedMs = performance.now();
  const failures: DrillFindings["failures"] = [];
  const variables = await openVariables(database, vault, app, environment);
  const secrets = [...variables].filter(([, { plain }]) => !plain);
  for (const [variable, { value }] of secrets) {
    const belongsTo = { app, environment, name: variable };
    const next = randomBytes(32).toString("base64url");
    const [before, after] = [vault.seal(value, belongsTo), vault.seal(next, belongsTo)];
    if (vault.unseal(after, belongsTo) !== next || before.equals(after))
      failures.push({
        step: name,
        code: "drill_failed",
        message: `${variable} does not come out of its new seal`,
      });
  }
  const tookMs = Math.round(performance.now() - startedMs);
  const says =
    secrets.length === 0
      ? "the environment has none of its own"
      : `${secrets.length} replaced on a copy; those that a provider issues are to be replaced there, too: ${secrets.map(([variable]) => variable).join(", ")}`;
  return { steps: [{ name, tookMs, says }], failures, rtoMs: tookMs };
}
