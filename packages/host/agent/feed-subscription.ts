import type { FeedFromControl, FeedToControl } from "@evenkeel/model";
import { keepConnected } from "@evenkeel/wire";

/** Follows control's feed for ever; each message is in force before it is acknowledged. */
export function subscribeToFeed(
  feedSocket: string,
  version: () => number,
  apply: (message: FeedFromControl) => void,
): { stop(): void } {
  return keepConnected<FeedFromControl, FeedToControl>(feedSocket, (connection) => {
    connection.onMessage = (message) => {
      apply(message);
      connection.send({ type: "ack", version: version() });
    };
    connection.send({ type: "hello", role: "host", name: "host", version: version() });
  });
}
