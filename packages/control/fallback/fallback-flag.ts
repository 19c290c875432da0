import type { AppEnvironment } from "@evenkeel/model";
import type { FallbackPlan } from "@evenkeel/runbook";
import { lockEnvironment } from "../apps/lock-environment.ts";
import { record } from "../audit/audit-log.ts";
import { appendFlags, readFlags } from "../flags/flag-store.ts";
import type { Serving } from "../serving/serving.ts";

const who = "fallback";

/**
 * Sets the flag of a fallback for everybody, or gives it back; not what a person has set since. May be repeated.
 *
 * @returns false where the app has no such flag, or none of that value
 */
export async function setFallbackFlag(
  serving: Pick<Serving, "change">,
  of: AppEnvironment,
  { name, flag, value }: Pick<FallbackPlan, "name" | "flag" | "value">,
  isAway: boolean,
): Promise<boolean> {
  const { app, environment } = of;
  const { result } = await serving.change(async (connection) => {
    await lockEnvironment(connection, app, environment);
    const now = await readFlags(connection, of);
    const variants = Object.entries(now?.declared.flags[flag]?.variants ?? {});
    const variant = variants.find(([, each]) => each === value)?.[0];
    if (!now || variant === undefined) return { changes: [], result: false };
    const { [flag]: present, ...others } = now.overrides;
    const isSet = present !== undefined && "variant" in present && present.variant === variant;
    if (isSet === isAway) return { changes: [], result: true };
    // Somebody decided otherwise meanwhile.
    if (!isAway && present !== undefined && !isSet) return { changes: [], result: true };
    const overrides = isAway ? { ...now.overrides, [flag]: { variant } } : others;
    const detail = { flag, service: name, ...(isAway ? { variant } : { reset: true }) };
    const flags = await appendFlags(connection, of, {
      ...{ action: "override", declared: now.declared, overrides, detail, who },
    });
    await record(connection, {
      ...{ who, action: "flags.override", app },
      detail: { environment, version: flags.version, ...detail },
    });
    return { changes: [{ put: "flags", flags }], result: true };
  });
  return result;
}
