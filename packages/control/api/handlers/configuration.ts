import type { EnvironmentName } from "@evenkeel/model";
import { getApp } from "../../apps/app-store.ts";
import { addDomain, listDomains, parseDomain, removeDomain } from "../../apps/domains.ts";
import { DomainUnknownError, VariableMovedError } from "../../errors.ts";
import { endOverlap, rotateVariable } from "../../variables/rotate-variable.ts";
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
      const { environments, remove, plain, release, reason, seen } = body;
      const set = checkVariables(body.variables, body.fromFile);
      await getApp(database, app);
      const deployments = await configurer.change({
        ...{ app, environments, kind: "set", release, reason, who: caller.name },
        variables: (current) => {
          for (const [name, version] of Object.entries(seen ?? {})) {
            const now = current.get(name)?.version ?? 0;
            if (now !== version) throw new VariableMovedError(name, version, now);
          }
          return { set, remove, plain };
        },
      });
      const touched = (name: string, environment: EnvironmentName) =>
        name in set && environments.includes(environment);
      const all = await listVariables(parts, app);
      return { variables: all.filter(({ name, environment }) => touched(name, environment)), deployments };
    },
    async removeVariable({ params: { app, name }, query: { environment }, caller }) {
      await getApp(database, app);
      const deployments = await configurer.change({
        ...{ app, environments: [environment], kind: "set", release: true, who: caller.name },
        variables: () => ({ set: {}, remove: [name] }),
      });
      return { removed: true, deployments };
    },
    async rotateVariable({ params: { app, name }, body, caller }) {
      await getApp(database, app);
      checkVariables({ [name]: body.value });
      return rotateVariable(parts, { app, name, ...body, who: caller.name });
    },
    async endOverlap({ params: { app, name }, query: { environment }, caller }) {
      await getApp(database, app);
      return { deployments: await endOverlap(parts, { app, environment, name, who: caller.name }) };
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
