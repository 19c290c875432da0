import type { RequestView } from "./request-view.ts";

/** Where a locale is looked for when the route names no cookie. */
const defaultCookie = "vercel_locale";

/**
 * The locale of this request among `locales` (lower case): the cookie's if it is one of them, else the first language of `accept-language` (by
 * weight; `fr-CH` falls back to `fr`, RFC 4647, 3.4) that is. `undefined`: none fits.
 */
export function preferredLocale(
  locales: ReadonlyMap<string, unknown>,
  cookie: string | undefined,
  view: RequestView,
): string | undefined {
  const chosen = view.cookie(cookie ?? defaultCookie)?.toLowerCase();
  if (chosen !== undefined && locales.has(chosen)) return chosen;
  for (const language of acceptedLanguages(view.header("accept-language"))) {
    for (let range = language; range !== ""; range = range.slice(0, Math.max(0, range.lastIndexOf("-")))) {
      if (locales.has(range)) return range;
    }
  }
  return undefined;
}

/** In lower case, most wanted first; `*` and those of weight 0 are left out. */
export function acceptedLanguages(header: string | undefined): string[] {
  if (!header) return [];
  return header
    .slice(0, 1_024)
    .split(",")
    .map((item, order) => {
      const [language, ...parameters] = item.split(";").map((part) => part.trim().toLowerCase());
      const weight = parameters.find((parameter) => parameter.startsWith("q="));
      return { language: language!, weight: weight ? Number(weight.slice(2)) || 0 : 1, order };
    })
    .filter(({ language, weight }) => language !== "" && language !== "*" && weight > 0)
    .sort((a, b) => b.weight - a.weight || a.order - b.order)
    .map(({ language }) => language);
}
