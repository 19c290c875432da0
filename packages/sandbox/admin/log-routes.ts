import { InvalidValueError } from "@evenkeel/model";
import { json } from "../provider/answer.ts";
import { withAccount } from "./account-routes.ts";
import type { AdminGiven, AdminParts, AdminRoute } from "./admin-route.ts";

/** What was asked and sent. Lists are newest first, without bodies. */
export function logRoutes(parts: AdminParts): AdminRoute[] {
  const one = "/accounts/:app/:environment";
  return [
    {
      method: "GET",
      path: `${one}/requests`,
      answer: withAccount(parts, (account, given) => {
        const requests = account.requests
          .newestFirst()
          .slice(0, limitOf(given))
          .map(({ headers: _, body: __, answer: ___, ...rest }) => rest);
        return json({ requests });
      }),
    },
    {
      method: "GET",
      path: `${one}/requests/:id`,
      answer: withAccount(parts, (account, { params }) =>
        json(found(account.requests.get(params["id"]!), `request ${params["id"]}`)),
      ),
    },
    {
      method: "GET",
      path: `${one}/webhooks`,
      answer: withAccount(parts, (account, given) => {
        const webhooks = account.webhooks
          .newestFirst()
          .slice(0, limitOf(given))
          .map(({ id, provider, kind, subject, url, method, state, sentAtMs, attempts, result }) => ({
            ...{ id, provider, kind, subject, url, method, state, sentAtMs },
            status: result?.status,
            failure: result?.failure,
            message: result?.message,
            attempts: attempts.length,
          }));
        return json({ webhooks });
      }),
    },
    {
      method: "GET",
      path: `${one}/webhooks/:id`,
      answer: withAccount(parts, (account, { params }) =>
        json(found(account.webhooks.get(params["id"]!), `webhook ${params["id"]}`)),
      ),
    },
    {
      method: "POST",
      path: `${one}/webhooks/:id/resend`,
      answer: withAccount(parts, async (account, { params }) => {
        const webhook = found(account.webhooks.get(params["id"]!), `webhook ${params["id"]}`);
        return json(await account.resend(webhook));
      }),
    },
  ];
}

function limitOf({ query }: AdminGiven): number {
  const limit = Number(query.get("limit") ?? 100);
  return Number.isInteger(limit) && limit > 0 ? Math.min(limit, 2_000) : 100;
}

function found<Value>(value: Value | undefined, what: string): Value {
  if (value === undefined)
    throw new InvalidValueError(`There is no ${what}`, { hint: "The log keeps the newest only." });
  return value;
}
