import type { AppName, DeploymentId, EnvironmentName, HomeLayout } from "@evenkeel/model";
import type { VariableChangeKind } from "../api/contract/index.ts";
import type { Place } from "../apps/hosts.ts";
import { lockEnvironment } from "../apps/lock-environment.ts";
import { record } from "../audit/audit-log.ts";
import type { Connection } from "../database/connection.ts";
import type { Database } from "../database/database.ts";
import { checkConfiguration } from "../deployments/check-configuration.ts";
import { deriveConfiguration, deriveDeployment, liveDeployment } from "../deployments/derive-deployment.ts";
import { ReferenceMissingError } from "../errors.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import type { Vault } from "../vault/vault.ts";
import { changesNothing, describeChange, planChange, type WishedVariables } from "./plan-change.ts";
import { appendChange, type OpenVariable, openVariables } from "./variable-store.ts";

export interface ConfigurationWish {
  app: AppName;
  environments: EnvironmentName[];
  kind: VariableChangeKind;
  /** What is wished of what is there. */
  variables: (current: ReadonlyMap<string, OpenVariable>) => WishedVariables;
  /** False: it reaches deployments that are made afterwards. */
  release: boolean;
  reason?: string | undefined;
  who: string;
}

export interface ConfigurerParts {
  layout: HomeLayout;
  database: Database;
  vault: Vault;
  place: Place;
  pipeline: Pipeline;
}

/** Changes variables, and brings the changed ones live as releases of the build that is live. */
export class Configurer {
  constructor(private readonly parts: ConfigurerParts) {}

  /**
   * All environments or none. Names and values are checked by the caller.
   *
   * @param within runs in the same transaction, for each environment that changes
   * @returns the deployments that bring it live, one for each environment in which something is
   * @throws AppUnknownError, VariableUnknownError, VariableRefusedError, ReferenceMissingError, EnvironmentRefusedError, EnvSchemaFailedError
   */
  async change(
    wish: ConfigurationWish,
    within: (connection: Connection, environment: EnvironmentName) => Promise<void> = async () => {},
  ): Promise<DeploymentId[]> {
    const { database, pipeline } = this.parts;
    if (wish.release) await this.check(wish);
    // In one order, whatever the order of the request, so that two writers cannot wait for each other.
    const environments = [...new Set(wish.environments)].sort();
    const accepted = await database.transaction(async (connection) => {
      const all: { id: DeploymentId; superseded: DeploymentId[] }[] = [];
      for (const environment of environments) {
        await lockEnvironment(connection, wish.app, environment);
        const one = await this.changeOne(connection, wish, environment, within);
        if (one) all.push(one);
      }
      return all;
    });
    for (const { id, superseded } of accepted) {
      pipeline.halt(superseded);
      pipeline.start(id);
    }
    return accepted.map(({ id }) => id);
  }

  /**
   * Has the apps' schemas look at what is wished before anything is written. What changes between now and then is seen by the deployment,
   * which looks again.
   */
  private async check(wish: ConfigurationWish): Promise<void> {
    const { layout, database, vault, place } = this.parts;
    for (const environment of new Set(wish.environments)) {
      const base = await liveDeployment(database, wish.app, environment, place);
      if (!base) continue;
      const current = await openVariables(database, vault, wish.app, environment);
      const planned = planChange(current, wish.variables(current), environment);
      if (changesNothing(planned)) continue;
      const { variables, missing } = await deriveConfiguration(database, vault, base, planned.after);
      if (missing.length > 0) throw new ReferenceMissingError(wish.app, environment, missing);
      await checkConfiguration(layout, base, variables);
    }
  }

  private async changeOne(
    connection: Connection,
    wish: ConfigurationWish,
    environment: EnvironmentName,
    within: (connection: Connection, environment: EnvironmentName) => Promise<void>,
  ) {
    const { vault, place } = this.parts;
    const { app, who, kind } = wish;
    const current = await openVariables(connection, vault, app, environment);
    const planned = planChange(current, wish.variables(current), environment);
    if (changesNothing(planned)) return undefined;
    await within(connection, environment);
    const reason = wish.reason ?? describeChange(planned);
    const change = await appendChange(connection, vault, {
      ...{ app, environment, kind, who, reason: wish.reason },
      ...{ set: planned.set, remove: planned.remove },
    });
    const detail = { environment, set: Object.keys(planned.set), removed: planned.remove };
    await record(connection, { who, action: `variable.${kind}`, app, detail });
    const base = await liveDeployment(connection, app, environment, place);
    if (!base) return undefined;
    if (wish.release) {
      return deriveDeployment(connection, { vault, place }, base, { who, reason, changes: [change] });
    }
    // The next release would fail of it.
    const { missing } = await deriveConfiguration(connection, vault, base, planned.after);
    if (missing.length > 0) throw new ReferenceMissingError(app, environment, missing);
    return undefined;
  }
}
