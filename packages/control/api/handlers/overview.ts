import type { AppName } from "@evenkeel/model";
import { appConditions } from "../../overview/app-conditions.ts";
import { mayTouch } from "../../tokens/caller.ts";
import type { overviewRoutes } from "../contract/overview.ts";
import type { HandlersOf } from "../handler.ts";
import type { ControlParts } from "./control-parts.ts";

export function overviewHandlers(parts: ControlParts): HandlersOf<typeof overviewRoutes> {
  return {
    async listConditions({ caller }) {
      const conditions = [...(await appConditions(parts)).values()];
      return { conditions: conditions.filter(({ app }) => mayTouch(caller, app as AppName)) };
    },
  };
}
