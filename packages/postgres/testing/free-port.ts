/**
 * A TCP port that nobody listens on now. Below the range from which the kernel takes the ports of outgoing
 * connections, so that none of those takes it before its server does.
 */
export function freePort(): number {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    try {
      Bun.listen({ hostname: "127.0.0.1", port, socket: { data() {} } }).stop(true);
      return port;
    } catch {
      // Taken; the next.
    }
  }
}
