/** Waits for a condition, looking every 20 ms; after `limitMs` (default 30 s) it throws what was waited for. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  limitMs = 30_000,
): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`Waited ${limitMs / 1_000} s in vain until ${what}`);
    await Bun.sleep(20);
  }
}
