import { PasswordRefusedError } from "../../errors.ts";

const leastLength = 12;
/** scrypt takes any length; this bounds what it is fed. */
export const mostLength = 128;
/** Of zxcvbn's 0 to 4: safely unguessable where the guesses per second are limited, and moderate protection of a stolen hash. */
const leastScore = 3;
const leastRest = 6;

/**
 * Length, strength as zxcvbn estimates it, and a list of passwords that are common in breaches: as NIST SP 800-63B (5.1.1.2) asks for, without
 * rules of composition. Nothing leaves the machine.
 *
 * @param about words that belong to the person: name, e-mail address
 * @throws PasswordRefusedError
 */
export async function requireStrongPassword(password: string, about: readonly string[]): Promise<void> {
  const length = [...password].length;
  if (length < leastLength) throw new PasswordRefusedError(`it has fewer than ${leastLength} characters`);
  if (password.length > mostLength)
    throw new PasswordRefusedError(`it has more than ${mostLength} characters`);
  const { ZxcvbnFactory, common } = await strength();
  if (common.has(password.toLowerCase())) throw new PasswordRefusedError("it is one of the most common ones");
  const own = ["evenkeel", ...about.flatMap((text) => [text, ...text.split(/[^\p{L}\p{N}]+/u)])].filter(
    (word) => word.length > 2,
  );
  // What is left without the person's own words has to be a password by itself.
  const rest = own.reduce((text, word) => text.split(word.toLowerCase()).join(""), password.toLowerCase());
  const { score } = ZxcvbnFactory.check(password, own);
  if (rest.trim().length < leastRest || score < leastScore)
    throw new PasswordRefusedError("it is easily guessed");
}

/** Its dictionaries take some megabytes, so they come with the first password that is set. */
async function strength() {
  const [core, common] = await Promise.all([import("@zxcvbn-ts/core"), import("@zxcvbn-ts/language-common")]);
  const factory = new core.ZxcvbnFactory({
    dictionary: common.dictionary,
    graphs: common.adjacencyGraphs,
    useLevenshteinDistance: true,
  });
  return {
    ZxcvbnFactory: factory,
    common: new Set<string | number>(common.dictionary["passwords-common"] as (string | number)[]),
  };
}
