import type { eventRoutes } from "../contract/events.ts";
import type { HandlersOf } from "../handler.ts";
import type { ControlParts } from "./control-parts.ts";

export function eventHandlers({ events }: ControlParts): HandlersOf<typeof eventRoutes> {
  return {
    followEvents: ({ caller, lastEventId }) => events.open(caller, lastEventId),
  };
}
