/** Waits until `condition` holds, looking each 5 ms; fails after 30 s. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 30_000;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`Still false after 30 s: ${condition}`);
    await Bun.sleep(5);
  }
}
