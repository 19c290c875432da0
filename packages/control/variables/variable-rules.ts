import { VariableRefusedError } from "../errors.ts";

/** As at Vercel: all variables of a deployment together, names and values. */
export const totalLimitBytes = 64 * 1024;

/** Why a name is not the app's to set. */
const reasons: [RegExp, string][] = [
  [/^(?:LD_|DYLD_)/, "it makes the system's loader run other code in every process"],
  [/^NODE_OPTIONS$/, "it changes every Node process of the build and of the platform's launcher"],
  [
    /^(?:NODE_PATH|NODE_EXTRA_CA_CERTS|NODE_COMPILE_CACHE|BUN_OPTIONS)$/,
    "it changes how the platform's launcher starts",
  ],
  [
    /^(?:PATH|HOME|TMPDIR|SHELL|USER|PWD|IFS|ENV|BASH_ENV|SHELLOPTS|BASHOPTS|PS4|CDPATH|PROMPT_COMMAND)$/,
    "the platform sets it for each process",
  ],
  [/^(?:GIT_|npm_config_)/, "it redirects what the build installs or reads"],
  [/^EVENKEEL_/, "names that begin with EVENKEEL_ are the platform's own"],
];

const systemNames = /^(?:VERCEL$|VERCEL_|NEXT_DEPLOYMENT_ID$|CI$)/;

export interface VariableFault {
  name: string;
  reason: string;
}

/**
 * What of variables that a person sets cannot be set, and why. Pure.
 *
 * @param fromFile an env file, as `vercel env pull` writes it, may name the platform's own variables
 */
export function variableFaults(variables: Record<string, string>, fromFile = false): VariableFault[] {
  const faults: VariableFault[] = [];
  for (const [name, value] of Object.entries(variables)) {
    const reason = refusedName(name, fromFile) ?? refusedValue(name, value);
    if (reason) faults.push({ name, reason });
  }
  return faults;
}

function refusedName(name: string, fromFile: boolean): string | undefined {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || name.length > 256) {
    return "a name has letters, digits and underscores, at most 256, and does not begin with a digit";
  }
  if (systemNames.test(name)) {
    return fromFile ? undefined : "the platform sets it from the deployment itself";
  }
  return reasons.find(([pattern]) => pattern.test(name))?.[1];
}

function refusedValue(name: string, value: string): string | undefined {
  if (value.includes("\0")) return "its value contains a NUL character";
  const sizeBytes = Buffer.byteLength(name) + Buffer.byteLength(value);
  if (sizeBytes <= totalLimitBytes) return undefined;
  return `it has ${sizeBytes} bytes; all variables together may have ${totalLimitBytes}`;
}

/**
 * Checks variables that a person sets.
 *
 * @param fromFile the platform's own variables are left out, and the platform's values stand
 * @returns what is to be stored
 * @throws VariableRefusedError naming all that cannot be set
 */
export function checkVariables(variables: Record<string, string>, fromFile = false): Record<string, string> {
  const faults = variableFaults(variables, fromFile);
  if (faults.length > 0) throw new VariableRefusedError(faults);
  const checked = Object.fromEntries(Object.entries(variables).filter(([name]) => !systemNames.test(name)));
  refuseTooMuch(checked);
  return checked;
}

/** @throws VariableRefusedError where all variables of an environment together are too large */
export function refuseTooMuch(variables: Record<string, string>): void {
  const totalBytes = Object.entries(variables).reduce(
    (sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value),
    0,
  );
  if (totalBytes <= totalLimitBytes) return;
  throw new VariableRefusedError([
    {
      name: "(all)",
      reason: `names and values together have ${totalBytes} bytes; ${totalLimitBytes} is the most`,
    },
  ]);
}
