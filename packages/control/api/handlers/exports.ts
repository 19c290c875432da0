import { InvalidValueError } from "@evenkeel/model";
import { getApp } from "../../apps/app-store.ts";
import type { exportRoutes } from "../contract/index.ts";
import type { HandlersOf } from "../handler.ts";
import type { ControlParts } from "./control-parts.ts";

export function exportHandlers({ database, exports, place }: ControlParts): HandlersOf<typeof exportRoutes> {
  return {
    listExports: async () => ({ exports: await exports.list() }),
    async addExport({ body, caller }) {
      if (body.app !== undefined) await getApp(database, body.app);
      const { hostname, port } = new URL(body.url);
      // Telemetry about telemetry would never end.
      if (/^(?:localhost|127\.|\[::1\])/.test(hostname) && port === String(place.port)) {
        throw new InvalidValueError(`The port ${place.port} is the platform's own`);
      }
      return exports.add(body, caller.name);
    },
    async removeExport({ params, caller }) {
      await exports.remove(params.export, caller.name);
      return { removed: true };
    },
    async testExport({ params }) {
      await exports.test(params.export);
      return { delivered: true };
    },
  };
}
