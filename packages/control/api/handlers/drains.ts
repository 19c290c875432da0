import { checkedAddress } from "@evenkeel/logs/drains/checked-address";
import { InvalidValueError } from "@evenkeel/model";
import { getApp } from "../../apps/app-store.ts";
import type { drainRoutes } from "../contract/index.ts";
import type { HandlersOf } from "../handler.ts";
import type { ControlParts } from "./control-parts.ts";

export function drainHandlers({ database, drains, place }: ControlParts): HandlersOf<typeof drainRoutes> {
  return {
    async listDrains({ params: { app } }) {
      await getApp(database, app);
      return { drains: await drains.list(app) };
    },
    async addDrain({ params: { app }, body, caller }) {
      await getApp(database, app);
      const url = new URL(body.url);
      if (url.protocol.startsWith("syslog") !== (body.kind === "syslog")) {
        throw new InvalidValueError(`A drain of the kind ${body.kind} has no address with ${url.protocol}`, {
          hint: "Use http or https for http and otlp, syslog or syslogs for syslog.",
        });
      }
      const isLocal = caller.permissions.has("admin");
      await checkedAddress(url.hostname, isLocal);
      // Logs of requests that carry logs would never end.
      if (isLocal && url.port === String(place.port)) {
        throw new InvalidValueError(`The port ${place.port} is the platform's own`);
      }
      return drains.add(app, { ...body, isLocal }, caller.name);
    },
    async removeDrain({ params: { app, drain }, caller }) {
      await getApp(database, app);
      await drains.remove(app, drain, caller.name);
      return { removed: true };
    },
    async testDrain({ params: { app, drain } }) {
      await getApp(database, app);
      await drains.test(app, drain);
      return { delivered: true };
    },
  };
}
