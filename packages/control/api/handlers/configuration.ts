import type { EnvironmentName } from "@evenkeel/model";
import { getApp } from "../../apps/app-store.ts";
import { addDomain, listDomains, parseDomain, removeDomain } from "../../apps/domains.ts";
import { DomainUnknownError } from "../../errors.ts";
import { listVariables, revealVariables } from "../../variables/show-variables.ts";
import { variableHistory } from "../../variables/variable-history.ts";
import { checkVariables } from "../../variables/variable-rules.ts";
import type { configurationRoutes } from "../contract/index.ts";
import type { HandlersOf } from "../handler.ts";
import type { ControlParts } from "./control-parts.ts";

export function configurationHandlers(parts: ControlParts): HandlersOf<typeof configurationRoutes> {
  const { database, serving, place, configurer } = parts;
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
      return { variables: await listVariables(parts, app, query.environment) };
    },
    async setVariables({ params: { app }, body, caller }) {
      const { environments, remove, plain, release, reason } = body;
      const set = checkVariables(body.variables, body.fromFile);
      await getApp(database, app);
      const deployments = await configurer.change({
        ...{ app, environments, kind: "set", set, remove, plain, release, reason, who: caller.name },
      });
      const touched = (name: string, environment: EnvironmentName) =>
        name in set && environments.includes(environment);
      const all = await listVariables(parts, app);
      return { variables: all.filter(({ name, environment }) => touched(name, environment)), deployments };
    },
    async removeVariable({ params: { app, name }, query: { environment }, caller }) {
      await getApp(database, app);
      const deployments = await configurer.change({
        ...{ app, environments: [environment], kind: "set", set: {}, remove: [name], who: caller.name },
        release: true,
      });
      return { removed: true, deployments };
    },
    async listVariableChanges({ params: { app }, query }) {
      await getApp(database, app);
      return { changes: await variableHistory(database, { app, ...query }) };
    },
    async revealVariables({ params: { app }, body, caller }) {
      await getApp(database, app);
      return { variables: await revealVariables(parts, { app, ...body, who: caller.name }) };
    },
  };
}
