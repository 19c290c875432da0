import type { RawTunnel, TunnelHandler } from "../http/exchange.ts";

/** Joins two raw connections: bytes both ways at the pace of the slower side, half-closes and closes passed on. `onClosed` once, when both are over. */
export function bridgeTunnels(client: RawTunnel, upstream: RawTunnel, onClosed: () => void): void {
  let open = 2;
  let ended = 0;
  const side = (own: RawTunnel, other: RawTunnel): TunnelHandler => ({
    onBytes(bytes) {
      if (!other.write(bytes)) own.pause();
    },
    // `own` has taken what waited, so `other` may send again.
    onDrain: () => other.resume(),
    onEnd() {
      ended++;
      if (ended === 2) {
        client.close();
        upstream.close();
      } else other.end();
    },
    onClose() {
      other.close();
      if (--open === 0) onClosed();
    },
  });
  client.handler = side(client, upstream);
  upstream.handler = side(upstream, client);
}
