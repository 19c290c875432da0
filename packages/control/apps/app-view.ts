import { type AppName, productionHost } from "@evenkeel/model";
import type { App, AppSettings } from "../api/contract/index.ts";
import { type Connection, first } from "../database/connection.ts";
import { type DeploymentRow, deploymentColumns } from "../deployments/deployment-row.ts";
import { summaryView } from "../deployments/deployment-view.ts";
import { AppUnknownError } from "../errors.ts";
import { hostUrl, type Place } from "./hosts.ts";

interface AppOverview {
  name: AppName;
  settings: AppSettings;
  created_at: Date;
  domains: string[];
  release: number | null;
  deployment: string | null;
}

const overview = `SELECT apps.name, apps.settings, apps.created_at, production.release, production.deployment,
    ARRAY(SELECT host FROM aliases WHERE app = apps.name AND kind = 'domain' ORDER BY host) AS domains
  FROM apps LEFT JOIN aliases production ON production.app = apps.name AND production.kind = 'production'`;

/** @throws AppUnknownError */
export async function viewApp(connection: Connection, name: AppName, place: Place): Promise<App> {
  const app = await first(connection.query<AppOverview>(`${overview} WHERE apps.name = $1`, [name]));
  if (!app) throw new AppUnknownError(name);
  return (await complete(connection, [app], place))[0]!;
}

/** @param only absent: all */
export async function viewApps(
  connection: Connection,
  place: Place,
  only?: ReadonlySet<AppName>,
): Promise<App[]> {
  const apps = await connection.query<AppOverview>(
    `${overview} WHERE $1::text[] IS NULL OR apps.name = ANY ($1) ORDER BY apps.name`,
    [only ? [...only] : null],
  );
  return complete(connection, apps, place);
}

async function complete(connection: Connection, apps: AppOverview[], place: Place): Promise<App[]> {
  const ids = apps.flatMap((app) => (app.deployment === null ? [] : [app.deployment]));
  const rows = await connection.query<DeploymentRow>(
    `SELECT ${deploymentColumns} FROM deployments WHERE id = ANY ($1)`,
    [ids],
  );
  const deployments = new Map<string, DeploymentRow>(rows.map((row) => [row.id, row]));
  return apps.map((app) => {
    const production = app.deployment === null ? undefined : deployments.get(app.deployment);
    return {
      name: app.name,
      settings: app.settings,
      createdAtMs: app.created_at.getTime(),
      url: hostUrl(productionHost(app.name, place.domain), place),
      gitUrl: `${hostUrl(place.domain, place)}/${app.name}.git`,
      domains: app.domains,
      ...(production && app.release !== null
        ? { production: { ...summaryView(production, place), release: app.release } }
        : {}),
    };
  });
}
