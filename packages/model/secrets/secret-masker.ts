import { PatternSearch } from "./pattern-search.ts";
import { isPublicName } from "./public-name.ts";
import { type SecretPart, secretParts } from "./secret-parts.ts";
import { formsOf } from "./value-forms.ts";

/**
 * Replaces secrets in a text by the names of their variables, `[API_KEY]`.
 *
 * @param cut the text ends where more was to follow: the beginning of a secret at its end is replaced, too
 */
export type MaskSecrets = (text: string, cut?: boolean) => string;

/** A shorter beginning of a secret at the end of a text that was cut tells nothing. */
const shortestBeginning = 4;

/**
 * Variables that are secrets: all but those that a person has called plain and those that are public by their name. Pure.
 *
 * @param plain names whose values any text may show
 */
export function secretVariables(
  variables: Record<string, string>,
  plain: Iterable<string> = [],
): Record<string, string> {
  const open = new Set(plain);
  return Object.fromEntries(
    Object.entries(variables).filter(([name]) => !open.has(name) && !isPublicName(name)),
  );
}

/** Where the values of secrets stand in a text, in any of their forms, but for ordinary ones (`isOrdinaryValue`). */
export function secretSearch(secrets: Record<string, string>): PatternSearch<SecretPart> {
  const patterns = new Map<string, SecretPart>();
  for (const [value, part] of secretParts(secrets))
    for (const form of formsOf(value)) if (!patterns.has(form)) patterns.set(form, part);
  return new PatternSearch(patterns);
}

/** Made once for an environment, used for each line: text that a secret is split over has to be given whole, or as `cut`. */
export function secretMasker(secrets: Record<string, string>): MaskSecrets {
  const search = secretSearch(secrets);
  return (text, cut = false) => {
    const found = search.find(text);
    const begun = cut ? search.findBegun(text, shortestBeginning) : undefined;
    const last = found.at(-1);
    if (begun && last && begun.start < last.end) last.end = begun.end;
    else if (begun) found.push(begun);
    if (found.length === 0) return text;
    let masked = "";
    let done = 0;
    for (const { start, end, label } of found) {
      masked += `${text.slice(done, start)}[${label.name}]`;
      done = end;
    }
    return masked + text.slice(done);
  };
}
