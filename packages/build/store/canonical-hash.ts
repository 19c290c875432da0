/** sha256 in hexadecimal of a JSON value, the same whatever the order in which its keys were set. */
export function canonicalHash(value: unknown): string {
  return new Bun.CryptoHasher("sha256").update(JSON.stringify(value, sortKeys)).digest("hex");
}

function sortKeys(_key: string, value: unknown): unknown {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
}
