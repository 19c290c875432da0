/** Characters that change nothing when a segment holds them decoded; `+` is left since old servers read it as a blank. */
const decodedInPath = /^[A-Za-z0-9\-._~!$&'()*,;=:@[\]]$/;

/**
 * The form of a request path that routes are matched against: RFC 3986, 6.2.2 (`%61` is `a`, `%c3` is `%C3`, dot segments are resolved), `\`
 * is `/` as the URL standard has it for http, and bytes above ASCII are percent-encoded. Without it `/%61dmin` or `/x/../admin` would
 * walk around a middleware for `/admin` and still reach a function that reads its URL through `new URL`. `%2F` stays encoded.
 */
export function canonicalPath(raw: string): string {
  if (isCanonical(raw)) return raw === "" ? "/" : raw;
  const path = raw
    .replace(/\\/g, "/")
    .replace(/%[0-9a-fA-F]{2}/g, (encoded) => {
      const character = String.fromCharCode(Number.parseInt(encoded.slice(1), 16));
      return decodedInPath.test(character) ? character : encoded.toUpperCase();
    })
    .replace(/[^\x21-\x7e]/g, encodeCharacter);
  return resolveDotSegments(path.startsWith("/") ? path : `/${path}`);
}

/** No byte that would have to be changed; one pass, since nearly every request path is. */
function isCanonical(path: string): boolean {
  if (path.charCodeAt(0) !== 47) return false;
  for (let index = 0; index < path.length; index++) {
    const code = path.charCodeAt(index);
    if (code === 37 || code === 92 || code < 0x21 || code > 0x7e) return false;
    if (code === 46 && path.charCodeAt(index - 1) === 47) return false;
  }
  return true;
}

/** The HTTP engine gives bytes as characters up to U+00FF. */
function encodeCharacter(character: string): string {
  const code = character.charCodeAt(0);
  if (code > 0xff) return encodeURIComponent(character.isWellFormed() ? character : "\ufffd");
  return `%${code.toString(16).toUpperCase().padStart(2, "0")}`;
}

function resolveDotSegments(path: string): string {
  const segments: string[] = [];
  const given = path.split("/");
  for (const [index, segment] of given.entries()) {
    const last = index === given.length - 1;
    if (segment === ".." && segments.length > 1) segments.pop();
    if (segment !== "." && segment !== "..") segments.push(segment);
    else if (last) segments.push("");
  }
  return segments.join("/") || "/";
}

/**
 * Decodes a canonical path for a look-up among file names. `%2F` and `%5C` stay as they are, so an encoded slash never reaches a file in
 * another folder; a path that is not UTF-8 is looked up undecoded.
 */
export function decodePath(path: string): string {
  if (!path.includes("%")) return path;
  try {
    return path.replace(/(?:%(?!2F|5C)[0-9A-F]{2})+/g, decodeURIComponent);
  } catch {
    return path;
  }
}

/** Decodes one component; what cannot be decoded is given back as it is. */
export function decodeComponent(text: string): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
