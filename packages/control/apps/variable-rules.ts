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

/**
 * Checks variables that a person sets.
 *
 * @param fromFile an env file, as `vercel env pull` writes it, may name the platform's own variables: they are left out, and the
 *   platform's values stand
 * @returns what is to be stored
 * @throws VariableRefusedError naming the first that cannot be set
 */
export function checkVariables(variables: Record<string, string>, fromFile = false): Record<string, string> {
  const checked: Record<string, string> = {};
  let totalBytes = 0;
  for (const [name, value] of Object.entries(variables)) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || name.length > 256) {
      throw new VariableRefusedError(
        name,
        "a name has letters, digits and underscores, and does not begin with a digit",
      );
    }
    if (systemNames.test(name)) {
      if (fromFile) continue;
      throw new VariableRefusedError(name, "the platform sets it from the deployment itself");
    }
    const reason = reasons.find(([pattern]) => pattern.test(name))?.[1];
    if (reason) throw new VariableRefusedError(name, reason);
    if (value.includes("\0")) throw new VariableRefusedError(name, "its value contains a NUL character");
    totalBytes += Buffer.byteLength(name) + Buffer.byteLength(value);
    checked[name] = value;
  }
  if (totalBytes > totalLimitBytes) {
    throw new VariableRefusedError(
      "(all)",
      `names and values together have ${totalBytes} bytes; ${totalLimitBytes} is the most`,
    );
  }
  return checked;
}
