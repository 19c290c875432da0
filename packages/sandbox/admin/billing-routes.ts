import { InvalidValueError } from "@evenkeel/model";
import { json } from "../provider/answer.ts";
import type { Provider } from "../provider/provider.ts";
import { withAccount } from "./account-routes.ts";
import type { AdminParts, AdminRoute } from "./admin-route.ts";

const mostEvents = 200;

/** What people pay, and where providers' webhooks go: what is otherwise done at the providers' own sites. */
export function billingRoutes(parts: AdminParts): AdminRoute[] {
  const one = "/accounts/:app/:environment";
  const all = [...parts.providers.values()];
  return [
    {
      method: "GET",
      path: `${one}/billing`,
      answer: withAccount(parts, (account) => {
        const billing = all.flatMap(({ name, billing: service }) =>
          service ? [{ provider: name, ...service.view(account) }] : [],
        );
        return json({ billing });
      }),
    },
    {
      method: "POST",
      path: `${one}/checkouts/:id/pay`,
      answer: withAccount(parts, (account, { params, body }) => {
        const { card = "4242424242424242", email = "person@example.com", authenticates = true } = body;
        if (typeof card !== "string" || typeof email !== "string" || typeof authenticates !== "boolean")
          throw new InvalidValueError(
            "A payer has a card and an email, both texts, and authenticates or not",
          );
        for (const { billing } of all) {
          const result = billing?.pay(account, params["id"]!, { card, email, authenticates });
          if (result) return json(result);
        }
        throw new InvalidValueError(`There is no checkout ${params["id"]}`);
      }),
    },
    {
      method: "GET",
      path: `${one}/endpoints`,
      answer: withAccount(parts, (account) =>
        json({
          providers: withEndpoints(all).map(({ name }) => name),
          endpoints: withEndpoints(all).flatMap(({ name, endpoints }) =>
            endpoints.list(account).map((each) => ({ provider: name, ...each })),
          ),
        }),
      ),
    },
    {
      method: "POST",
      path: `${one}/endpoints`,
      answer: withAccount(parts, (account, { body }) => {
        const { provider, url, events = ["*"] } = body;
        if (typeof url !== "string" || !/^https?:\/\/[^/]/.test(url) || !URL.canParse(url))
          throw new InvalidValueError(`${JSON.stringify(url)} is no address of an app`, {
            hint: "Use one like https://shop-git-main.localhost:7080/api/webhooks.",
          });
        const isList = Array.isArray(events) && events.length > 0 && events.length <= mostEvents;
        if (!isList || !events.every((each) => typeof each === "string" && each.length <= 100))
          throw new InvalidValueError(`Events are a list of up to ${mostEvents} types, or ["*"]`);
        return json({ provider, ...find(all, provider).endpoints.add(account, { url, events }) });
      }),
    },
    {
      method: "DELETE",
      path: `${one}/endpoints/:id`,
      answer: withAccount(parts, (account, { params }) => {
        const id = params["id"]!;
        if (withEndpoints(all).some(({ endpoints }) => endpoints.remove(account, id))) return json({});
        throw new InvalidValueError(`There is no endpoint ${id}`);
      }),
    },
  ];
}

type WithEndpoints = Provider & Required<Pick<Provider, "endpoints">>;

const withEndpoints = (providers: Provider[]): WithEndpoints[] =>
  providers.filter((provider): provider is WithEndpoints => provider.endpoints !== undefined);

function find(providers: Provider[], name: unknown): WithEndpoints {
  const known = withEndpoints(providers);
  const found = known.find((provider) => provider.name === name);
  if (found) return found;
  throw new InvalidValueError(
    `${JSON.stringify(name)} is no provider whose webhooks are registered by a person`,
    {
      hint: `Use one of: ${known.map((provider) => provider.name).join(", ")}.`,
    },
  );
}
