/** Why a `src` or condition value is no regular expression we can run; the message is for people. */
export class PatternProblem extends Error {}

/**
 * Compiles a PCRE-compatible expression of a build output, anchored at both ends. Most of PCRE that people write is ECMAScript too; named groups
 * as `(?P<name>…)`, a leading `(?i)`, `\A`, `\z` and `\Z` are translated.
 *
 * @throws {PatternProblem} for what ECMAScript cannot express: atomic groups, possessive quantifiers, recursion.
 */
export function anchoredPattern(source: string, ignoreCase: boolean): RegExp {
  let translated = source
    .replaceAll("(?P<", "(?<")
    .replace(/\(\?P=([A-Za-z_]\w*)\)/g, "\\k<$1>")
    .replace(/\\A/g, "^")
    .replace(/\\[zZ]/g, "$");
  const inlineFlag = translated.startsWith("(?i)");
  if (inlineFlag) translated = translated.slice(4);
  try {
    return new RegExp(`^(?:${translated})$`, ignoreCase || inlineFlag ? "i" : "");
  } catch (error) {
    throw new PatternProblem(
      `${JSON.stringify(source.slice(0, 200))} is no regular expression (${(error as Error).message})`,
      { cause: error },
    );
  }
}

/**
 * Request paths are matched percent-encoded, so letters beyond ASCII that stand literally in a `src` are encoded as a request would have them.
 * Inside a character class they cannot be and stay.
 */
export function encodeLiterals(source: string): string {
  if (!/[^\0-\x7f]/.test(source)) return source;
  let inClass = false;
  let encoded = "";
  for (let index = 0; index < source.length; ) {
    const character = String.fromCodePoint(source.codePointAt(index)!);
    if (character === "\\") {
      encoded += source.slice(index, index + 2);
      index += 2;
      continue;
    }
    if (character === "[") inClass = true;
    else if (character === "]") inClass = false;
    const literal = character > "\x7f" && !inClass && character.isWellFormed();
    encoded += literal ? `(?:${encodeURIComponent(character)})` : character;
    index += character.length;
  }
  return encoded;
}

/** Names of the groups in a compiled expression, and how many groups there are. */
export function groupsOf(pattern: RegExp): { names: string[]; count: number } {
  const match = new RegExp(`${pattern.source}|`, pattern.flags).exec("")!;
  return { names: Object.keys(match.groups ?? {}), count: match.length - 1 };
}
