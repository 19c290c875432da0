import { UnauthenticatedError } from "../../errors.ts";
import type { PushRegistry } from "../../git/push-registry.ts";
import type { pushRoutes } from "../contract/index.ts";
import type { HandlersOf } from "../handler.ts";
import type { ControlParts } from "./control-parts.ts";

export function pushHandlers(parts: ControlParts, pushes: PushRegistry): HandlersOf<typeof pushRoutes> {
  return {
    receivePush({ params, body, signal }) {
      const push = pushes.get(params.push);
      if (!push) throw new UnauthenticatedError();
      return parts.pushReceiver.receive(push, body, signal);
    },
  };
}
