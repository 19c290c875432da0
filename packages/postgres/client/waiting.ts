/** Resolves with `signal` or after `ms`, whichever is first, and leaves no timer behind. */
export async function waitAtMost(ms: number, signal: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  try {
    await Promise.race([signal, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
