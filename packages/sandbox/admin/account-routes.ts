import {
  type AppName,
  type EnvironmentName,
  InvalidValueError,
  parseAppName,
  type SandboxAttachment,
} from "@evenkeel/model";
import type { Account, AccountName } from "../accounts/account.ts";
import { accountKey } from "../accounts/account.ts";
import { SandboxAccountUnknownError } from "../errors.ts";
import { json } from "../provider/answer.ts";
import type { AccountHandler, AdminParts, AdminRoute } from "./admin-route.ts";

const environments: readonly string[] = ["production", "staging", "preview", "development"];

export function accountName(params: Record<string, string>): AccountName {
  const app: AppName = parseAppName(params["app"] ?? "");
  const environment = params["environment"] ?? "";
  if (!environments.includes(environment)) {
    throw new InvalidValueError(`Environment ${JSON.stringify(environment.slice(0, 40))} is not known`, {
      hint: `Use one of: ${environments.join(", ")}.`,
    });
  }
  return { app, environment: environment as EnvironmentName };
}

/** Wraps a handler of `/accounts/:app/:environment…`. @throws SandboxAccountUnknownError */
export const withAccount =
  ({ accounts }: AdminParts, handler: AccountHandler): AdminRoute["answer"] =>
  (given) => {
    const name = accountName(given.params);
    const account = accounts.get(name);
    if (!account) throw new SandboxAccountUnknownError(accountKey(name));
    return handler(account, given);
  };

/** Making, listing, enabling and removing accounts; their time. */
export function accountRoutes(parts: AdminParts): AdminRoute[] {
  const { accounts } = parts;
  const one = "/accounts/:app/:environment";
  const enable =
    (enabled: boolean): AdminRoute["answer"] =>
    (given) => {
      const account = accounts.ensure(accountName(given.params));
      account.setEnabled(enabled);
      parts.publish();
      return json(describe(account, parts));
    };
  return [
    {
      method: "GET",
      path: "/accounts",
      answer: () => json({ accounts: accounts.list().map((account) => describe(account, parts)) }),
    },
    { method: "GET", path: one, answer: withAccount(parts, (account) => json(describe(account, parts))) },
    {
      // Makes it where it is missing.
      method: "PUT",
      path: one,
      answer: ({ params }) => json(describe(accounts.ensure(accountName(params)), parts)),
    },
    {
      // For a deployment; makes the account where it is missing.
      method: "PUT",
      path: `${one}/attach`,
      answer: ({ params }) => {
        const attachment: SandboxAttachment = {
          variables: variablesOf(accounts.ensure(accountName(params)), parts),
        };
        return json(attachment);
      },
    },
    { method: "POST", path: `${one}/enable`, answer: enable(true) },
    { method: "POST", path: `${one}/disable`, answer: enable(false) },
    {
      method: "GET",
      path: `${one}/variables`,
      answer: withAccount(parts, (account) => json({ variables: variablesOf(account, parts) })),
    },
    {
      method: "POST",
      path: `${one}/time`,
      answer: withAccount(parts, (account, { body }) => {
        const speed = body["speed"];
        if (typeof speed !== "number" || !(speed >= 1 && speed <= 1_000)) {
          throw new InvalidValueError(`Speed ${JSON.stringify(speed)} is not a number from 1 to 1000`);
        }
        account.setSpeed(speed);
        return json(describe(account, parts));
      }),
    },
    {
      method: "POST",
      path: `${one}/reset`,
      answer: withAccount(parts, (account, { body }) => {
        const seed = body["seed"] ?? account.key;
        if (typeof seed !== "string" || seed === "" || seed.length > 200) {
          throw new InvalidValueError("A seed is a text of 1 to 200 characters");
        }
        account.reset(seed);
        return json(describe(account, parts));
      }),
    },
    {
      method: "DELETE",
      path: "/accounts/:app",
      answer: ({ params }) => {
        accounts.remove(parseAppName(params["app"]!));
        parts.publish();
        return json({});
      },
    },
  ];
}

function variablesOf(account: Account, { providers, base }: AdminParts): SandboxAttachment["variables"] {
  const given = [...providers.values()].map((provider) => [
    provider.name,
    provider.variables(account, `${base()}/${provider.name}`),
  ]);
  return Object.fromEntries(given);
}

function describe(account: Account, { providers }: AdminParts): object {
  const { app, environment, enabled, seed, speed } = account.record;
  return {
    ...{ app, environment, enabled, seed, speed },
    time: new Date(account.nowMs()).toISOString(),
    pending: account.pending,
    faults: account.faults.rules.values().filter((rule) => rule.removedAtMs === undefined).length,
    providers: [...providers.keys()],
  };
}
