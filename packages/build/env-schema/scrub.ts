/** Shorter pieces of values are parts of words. */
const pieceLength = 8;
/** A whole value that is shorter than this could be any word of a message. */
const shortestValue = 4;

/** Said by the platform, not by people, or the names of stages: messages may have them. */
const ofThePlatform = /^(?:VERCEL$|VERCEL_|NEXT_DEPLOYMENT_ID$|NODE_ENV$|TZ$|LANG$)/;
const stages = new Set(["production", "preview", "development", "staging", "localhost", "127.0.0.1"]);

/** The values of an environment that no message may have. */
export const hiddenValues = (environment: Record<string, string>): string[] =>
  Object.entries(environment)
    .filter(([name, value]) => !ofThePlatform.test(name) && !stages.has(value))
    .map(([, value]) => value);

/**
 * A message of a schema without values. Libraries quote what they were given (`must be a URL (was "…")`), whole, cut or in capitals; so where even a
 * piece of a value is left, nothing of the message is.
 *
 * @param own value of the variable that the message is about: any length of it is taken out
 */
export function scrub(message: string, values: string[], own = ""): string {
  let told = message
    .replace(/\s*\(was [\s\S]*\)$/, "")
    .replace(/:? [Rr]eceived (?:"[\s\S]*"|'[\s\S]*')/g, "");
  const all = [...new Set([own, ...values])].sort((one, other) => other.length - one.length);
  for (const value of all) {
    if (value === "") continue;
    if (value.length >= shortestValue) told = told.replaceAll(value, "***");
    else if (value === own) told = told.replaceAll(`"${value}"`, "***").replaceAll(`'${value}'`, "***");
  }
  const lower = told.toLowerCase();
  return all.some((value) => hasPiece(lower, value.toLowerCase())) ? "does not meet the schema" : told;
}

function hasPiece(message: string, value: string): boolean {
  for (let at = 0; at + pieceLength <= value.length; at++)
    if (message.includes(value.slice(at, at + pieceLength))) return true;
  return false;
}
