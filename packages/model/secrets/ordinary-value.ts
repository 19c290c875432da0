/** Shorter values are parts of any text: hiding each `1` or `true` would make a log unreadable and protect nothing. */
const shortestSecret = 6;
/** Words without a digit; from here on they may be a passphrase. */
const longestWords = 20;
/** A longer part of a URL's path may be a token, as in addresses of webhooks. */
const longestSegment = 15;

/** A value under such a name is a secret whatever it looks like. */
const secretName =
  /KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|PRIVATE|WEBHOOK|COOKIE|(?:^|_)(?:PASS|PWD|AUTH|SALT|DSN)(?:_|$)/i;

const settings = new Set([
  ...["production", "preview", "development", "staging", "localhost", "127.0.0.1"],
  ...["enabled", "disabled", "default", "undefined", "required", "optional"],
]);

/**
 * Whether a variable's value is a setting and no secret, so that text may show it. Ordinary are: values under 6 characters, names of stages, and,
 * unless the name says secret (KEY, TOKEN, PASSWORD, …): numbers and dates, words without digits under 20 characters, host names, mail
 * addresses, paths, and URLs without password, query and long parts. Pure.
 */
export function isOrdinaryValue(name: string, value: string): boolean {
  if (value.length < shortestSecret || settings.has(value.toLowerCase())) return true;
  if (/^-----(?:BEGIN|END) [^-]*-----$/.test(value)) return true;
  return !secretName.test(name) && looksOrdinary(value);
}

/**
 * Whether there is no doubt that a value is a secret: its name says so, or it holds 16 characters that look drawn by chance. Other values that are
 * not ordinary may be anything. Pure.
 */
export const isCertainSecret = (name: string, value: string): boolean =>
  secretName.test(name) || value.split(/[^\w-]+/).some(looksRandom);

const looksRandom = (text: string): boolean =>
  text.length >= 16 &&
  ((/[a-z]/.test(text) && /[A-Z]/.test(text) && /\d/.test(text)) ||
    (/^[0-9a-f-]+$/i.test(text) && /[a-f]/i.test(text) && (text.match(/\d/g)?.length ?? 0) >= 4));

function looksOrdinary(value: string): boolean {
  return (
    /^[\d\s.,:+/_TZ-]*$/.test(value) ||
    (value.length < longestWords && /^[\p{L}\s.,:;!?'"()/_@&-]*$/u.test(value)) ||
    (value.length < 100 && /^(?:[a-z0-9-]{1,63}\.)+[a-z]{2,24}(?::\d+)?$/i.test(value)) ||
    /^[\w.+-]+@(?:[a-z0-9-]+\.)+[a-z]{2,24}$/i.test(value) ||
    (/^\.{0,2}\/[\w./@-]*$/.test(value) && hasShortSegments(value)) ||
    isOrdinaryUrl(value)
  );
}

function isOrdinaryUrl(value: string): boolean {
  const url = value.includes("://") ? URL.parse(value) : null;
  if (!url || url.host === "") return false;
  return url.username + url.password + url.search + url.hash === "" && hasShortSegments(url.pathname);
}

const hasShortSegments = (path: string): boolean =>
  path.split("/").every((segment) => segment.length <= longestSegment);
