import { effectiveFlagSet, FlagUnknownError, FlagVariantUnknownError, parseFlagSet } from "@evenkeel/flags";
import type { AppEnvironment } from "@evenkeel/model";
import { getApp } from "../../apps/app-store.ts";
import { lockEnvironment } from "../../apps/lock-environment.ts";
import { record } from "../../audit/audit-log.ts";
import { FlagVersionUnknownError } from "../../errors.ts";
import {
  appendFlags,
  type FlagChange,
  type FlagState,
  flagHistory,
  readFlags,
} from "../../flags/flag-store.ts";
import { readModeNow, withMode } from "../../modes/mode-flags.ts";
import type { FlagsChanged, flagRoutes } from "../contract/index.ts";
import type { HandlersOf } from "../handler.ts";
import type { ControlParts } from "./control-parts.ts";

type Step = Pick<FlagChange, "action" | "declared" | "overrides" | "detail">;

export function flagHandlers({ database, serving }: ControlParts): HandlersOf<typeof flagRoutes> {
  /** Answers when the edges evaluate by the new version. `decide` gets the state that it follows; undefined: nothing is to be changed. */
  const change = async (
    owner: AppEnvironment,
    who: string,
    decide: (
      now: FlagState,
      earlier: (version: number) => Promise<FlagState | undefined>,
    ) => Step | undefined | Promise<Step>,
  ): Promise<FlagsChanged> => {
    const { app, environment } = owner;
    const { result, published } = await serving.change(async (connection) => {
      await lockEnvironment(connection, app, environment);
      const now = (await readFlags(connection, owner))!;
      const step = await decide(now, (version) => readFlags(connection, owner, version));
      if (!step) return { changes: [], result: now.version };
      const flags = await appendFlags(connection, owner, { ...step, who });
      await record(connection, {
        ...{ who, action: `flags.${step.action}`, app },
        detail: { environment, version: flags.version, ...step.detail },
      });
      return { changes: [{ put: "flags", flags }], result: flags.version };
    });
    const { acknowledged, unconfirmed } = await published;
    return { version: result, acknowledged, unconfirmed };
  };

  return {
    async listFlags({ params }) {
      await getApp(database, params.app);
      const { version, declared, overrides } = (await readFlags(database, params))!;
      const now = await readModeNow(database, params);
      const effective = withMode(effectiveFlagSet(declared, overrides), now).flags;
      const flags = Object.entries(effective).map(([key, flag]) => ({
        ...{ key, ...flag },
        ...(Object.hasOwn(overrides, key) ? { override: overrides[key]! } : {}),
      }));
      return { version, flags, declared };
    },
    pushFlags({ params, body, caller }) {
      const declared = parseFlagSet(JSON.stringify(body.set), "The flag set");
      return change(params, caller.name, ({ overrides }) => ({
        ...{ action: "declare", declared, overrides },
        detail: { flags: Object.keys(declared.flags).length },
      }));
    },
    overrideFlag: ({ params, body, caller }) =>
      change(params, caller.name, ({ declared, overrides }) => {
        const { flag: key } = params;
        const flag = Object.hasOwn(declared.flags, key) ? declared.flags[key] : undefined;
        if (!flag) throw new FlagUnknownError(key, Object.keys(declared.flags));
        if ("variant" in body && !Object.hasOwn(flag.variants, body.variant)) {
          throw new FlagVariantUnknownError(key, body.variant, Object.keys(flag.variants));
        }
        return {
          ...{ action: "override", declared, overrides: { ...overrides, [key]: body } },
          detail: { flag: key, ...body },
        };
      }),
    resetFlag: ({ params, caller }) =>
      change(params, caller.name, ({ declared, overrides }) => {
        const { flag: key } = params;
        if (!Object.hasOwn(overrides, key)) {
          if (!Object.hasOwn(declared.flags, key))
            throw new FlagUnknownError(key, Object.keys(declared.flags));
          return undefined;
        }
        const { [key]: _, ...rest } = overrides;
        return { action: "override", declared, overrides: rest, detail: { flag: key, reset: true } };
      }),
    async flagHistory({ params, query }) {
      await getApp(database, params.app);
      return { versions: await flagHistory(database, params, query) };
    },
    rollbackFlags: ({ params, body: { version }, caller }) =>
      change(params, caller.name, async (_, earlier) => {
        const state = await earlier(version);
        if (!state) throw new FlagVersionUnknownError(params.app, version);
        const { declared, overrides } = state;
        return { action: "rollback", declared, overrides, detail: { to: version } };
      }),
  };
}
