import type { EnvironmentName } from "@evenkeel/model";
import { getApp } from "../../apps/app-store.ts";
import { addDomain, listDomains, parseDomain, removeDomain } from "../../apps/domains.ts";
import { lockEnvironment } from "../../apps/lock-environment.ts";
import { checkVariables } from "../../apps/variable-rules.ts";
import { appendVariables, listVariables, removeVariable } from "../../apps/variable-store.ts";
import { record } from "../../audit/audit-log.ts";
import { DomainUnknownError, VariableUnknownError } from "../../errors.ts";
import type { configurationRoutes } from "../contract/index.ts";
import type { HandlersOf } from "../handler.ts";
import type { ControlParts } from "./control-parts.ts";

export function configurationHandlers(parts: ControlParts): HandlersOf<typeof configurationRoutes> {
  const { database, vault, serving, place } = parts;
  return {
    async listDomains({ params: { app } }) {
      await getApp(database, app);
      return { domains: await listDomains(database, app, place) };
    },
    async addDomain({ params: { app }, body, caller }) {
      const host = parseDomain(body.host, place);
      await addDomain(serving, { app, host, who: caller.name });
      const domain = (await listDomains(database, app, place)).find((candidate) => candidate.host === host);
      if (!domain) throw new DomainUnknownError(host);
      return domain;
    },
    async removeDomain({ params: { app, host }, caller }) {
      await removeDomain(serving, { app, host: host.toLowerCase(), who: caller.name });
      return { removed: true };
    },
    async listVariables({ params: { app }, query }) {
      await getApp(database, app);
      return { variables: await listVariables(database, app, query.environment) };
    },
    async setVariables({ params: { app }, body, caller }) {
      const variables = checkVariables(body.variables);
      // In one order, whatever the order of the request, so that two writers cannot wait for each other.
      const environments = [...new Set(body.environments)].sort();
      await database.transaction(async (connection) => {
        for (const environment of environments) {
          await lockEnvironment(connection, app, environment);
          await appendVariables(connection, vault, { app, environment, variables, who: caller.name });
        }
        const detail = { names: Object.keys(variables), environments };
        await record(connection, { who: caller.name, action: "variable.set", app, detail });
      });
      const set = (name: string, environment: EnvironmentName) =>
        name in variables && environments.includes(environment);
      const all = await listVariables(database, app);
      return { variables: all.filter(({ name, environment }) => set(name, environment)) };
    },
    async removeVariable({ params: { app, name }, query: { environment }, caller }) {
      await getApp(database, app);
      await database.transaction(async (connection) => {
        if (!(await removeVariable(connection, { app, environment, name, who: caller.name }))) {
          throw new VariableUnknownError(name, environment);
        }
        const detail = { environment };
        await record(connection, { who: caller.name, action: "variable.remove", app, object: name, detail });
      });
      return { removed: true };
    },
  };
}
