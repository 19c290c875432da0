const letterDigit = /[0-9A-Za-z]/;
const hostBytes = new Uint8Array(256).map((_, byte) =>
  letterDigit.test(String.fromCharCode(byte)) || byte === 45 || byte === 46 || byte === 95 ? 1 : 0,
);

/**
 * Whether `text` is a host name, IPv4 or bracketed IPv6 address with an optional port, as Host and absolute request targets carry it. Narrower than
 * RFC 3986: no percent-encoding, no sub-delimiters, since no DNS name has them and parsers disagree about them.
 */
export function isAuthority(text: string): boolean {
  let index = 0;
  if (text.charCodeAt(0) === 91) {
    const close = text.indexOf("]");
    if (close < 3 || !/^[0-9A-Fa-f:.]+$/.test(text.slice(1, close))) return false;
    index = close + 1;
  } else {
    while (index < text.length && hostBytes[text.charCodeAt(index)] === 1) index++;
    if (index === 0 || text.charCodeAt(0) === 46) return false;
  }
  if (index === text.length) return true;
  if (text.charCodeAt(index) !== 58 || text.length - index > 6) return false;
  for (index++; index < text.length; index++) {
    const digit = text.charCodeAt(index);
    if (digit < 48 || digit > 57) return false;
  }
  return true;
}

/** `Example.COM.:8080` → `example.com`, for look-ups. `authority` is valid and in lower case. */
export function hostOf(authority: string): string {
  let end = authority.length;
  const colon = authority.lastIndexOf(":");
  if (colon !== -1 && authority.charCodeAt(colon - 1) !== 58 && authority.indexOf("]", colon) === -1)
    end = colon;
  if (end > 1 && authority.charCodeAt(end - 1) === 46) end--;
  return end === authority.length ? authority : authority.slice(0, end);
}
