import { InvalidValueError } from "@evenkeel/model";
import { parseRule } from "../faults/parse-fault.ts";
import { json } from "../provider/answer.ts";
import { withAccount } from "./account-routes.ts";
import type { AdminParts, AdminRoute } from "./admin-route.ts";

/** Faults, and runs: a seed with the faults that struck, to be exported and replayed. */
export function faultRoutes(parts: AdminParts): AdminRoute[] {
  const one = "/accounts/:app/:environment";
  return [
    {
      method: "GET",
      path: `${one}/faults`,
      answer: withAccount(parts, (account) => json({ faults: account.faults.rules.values() })),
    },
    {
      method: "POST",
      path: `${one}/faults`,
      answer: withAccount(parts, (account, { body }) => {
        const rule = account.addFault(parseRule(body, parts.providers));
        return json(rule);
      }),
    },
    {
      // Its record stays, for a replay.
      method: "DELETE",
      path: `${one}/faults/:id`,
      answer: withAccount(parts, (account, { params }) => {
        const rule = account.removeFault(params["id"]!);
        if (!rule) throw new InvalidValueError(`There is no fault ${params["id"]} in ${account.key}`);
        return json(rule);
      }),
    },
    {
      method: "GET",
      path: `${one}/run`,
      answer: withAccount(parts, (account) =>
        json({ seed: account.record.seed, faults: account.faults.rules.values() }),
      ),
    },
    {
      method: "POST",
      path: `${one}/run`,
      answer: withAccount(parts, (account, { body }) => {
        const { seed, faults } = body;
        if (typeof seed !== "string" || !Array.isArray(faults)) {
          throw new InvalidValueError("A run has a seed and a list of faults", {
            hint: "Give what `evenkeel sandbox replay APP --export` printed.",
          });
        }
        const rules = faults.map((rule) => ({
          ...parseRule(rule, parts.providers),
          replays: struckOf(rule),
        }));
        account.reset(seed);
        for (const rule of rules) account.addFault(rule);
        return json({ seed, faults: account.faults.rules.values() });
      }),
    },
  ];
}

function struckOf(rule: unknown): number[] {
  const { struck } = rule as { struck?: unknown };
  return Array.isArray(struck) ? struck.filter((each) => Number.isInteger(each)) : [];
}
