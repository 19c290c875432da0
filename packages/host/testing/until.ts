const limitMs = 30_000;

/** Looks until there is something, and gives it. */
export async function until<Value>(
  look: () => Value | Promise<Value>,
  what = String(look),
): Promise<Exclude<Value, undefined | false>> {
  const end = performance.now() + limitMs;
  for (;;) {
    const value = await look();
    if (value) return value as Exclude<Value, undefined | false>;
    if (performance.now() > end) throw new Error(`Still not so after ${limitMs} ms: ${what}`);
    await Bun.sleep(10);
  }
}
