import { isIP } from "node:net";
import { domainToASCII } from "node:url";
import type { AppName, Canary, DeploymentId, ServingChange } from "@evenkeel/model";
import type { Domain } from "../api/contract/index.ts";
import { record } from "../audit/audit-log.ts";
import type { Connection } from "../database/connection.ts";
import { DomainRefusedError, DomainUnknownError, HostTakenError } from "../errors.ts";
import type { Serving } from "../serving/serving.ts";
import { hostUrl, type Place } from "./hosts.ts";
import { lockEnvironment } from "./lock-environment.ts";

/**
 * A custom domain as it is stored: lower case, ASCII (RFC 5891), no dot at the end.
 *
 * @throws DomainRefusedError
 */
export function parseDomain(text: string, place: Place): string {
  const host = domainToASCII(text.trim().toLowerCase().replace(/\.$/, ""));
  const refuse = (why: string) => {
    throw new DomainRefusedError(`Domain ${JSON.stringify(text.slice(0, 253))} cannot be added: ${why}`, {
      hint: "Give a host name of your own without scheme, port and path: www.example.com",
    });
  };
  if (
    !/^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(
      host,
    )
  ) {
    refuse("it is no host name");
  }
  if (isIP(host) !== 0) refuse("it is an address");
  if (host === place.domain || host.endsWith(`.${place.domain}`)) {
    refuse(`names in ${place.domain} are the platform's own`);
  }
  return host;
}

export async function listDomains(connection: Connection, app: AppName, place: Place): Promise<Domain[]> {
  const rows = await connection.query<{ host: string; created_at: Date; created_by: string }>(
    "SELECT host, created_at, created_by FROM aliases WHERE app = $1 AND kind = 'domain' ORDER BY host",
    [app],
  );
  return rows.map((row) => ({
    host: row.host,
    createdAtMs: row.created_at.getTime(),
    createdBy: row.created_by,
    url: hostUrl(row.host, place),
  }));
}

/** The domain answers with what production answers, from now on. Adding it again changes nothing. */
export async function addDomain(
  serving: Serving,
  of: { app: AppName; host: string; who: string },
): Promise<void> {
  const { app, host, who } = of;
  const { published } = await serving.change(async (connection) => {
    // The same lock as a release's, so the domain cannot miss one.
    await lockEnvironment(connection, app, "production");
    const [added] = await connection.query<{
      deployment: DeploymentId | null;
      release: number;
      previous: DeploymentId[];
      canary: Canary | null;
    }>(
      `INSERT INTO aliases (host, app, kind, deployment, release, previous, canary, canary_share, created_by)
       SELECT $2, $1, 'domain', deployment, release, previous, canary, canary_share, $3 FROM aliases WHERE app = $1 AND kind = 'production'
       ON CONFLICT (host) DO NOTHING RETURNING deployment, release, previous,
         CASE WHEN canary IS NOT NULL THEN jsonb_build_object('deployment', canary, 'share', canary_share) END AS canary`,
      [app, host, who],
    );
    if (!added) {
      const [taken] = await connection.query<{ app: AppName; kind: string }>(
        "SELECT app, kind FROM aliases WHERE host = $1",
        [host],
      );
      if (taken?.app !== app || taken.kind !== "domain") throw new HostTakenError(host);
      return { changes: [], result: undefined };
    }
    await record(connection, { who, action: "domain.add", app, object: host });
    const { deployment, release, previous, canary } = added;
    const changes: ServingChange[] =
      deployment === null
        ? []
        : [{ put: "alias", alias: { host, deployment, release, previous, ...(canary && { canary }) } }];
    return { changes, result: undefined };
  });
  await published;
}

/** Removes an alias of the kind, with what edges know of it. False where there is none. */
export async function removeAlias(
  serving: Serving,
  of: { app: AppName; host: string; kind: "domain" | "branch"; who: string },
): Promise<boolean> {
  const { app, host, kind, who } = of;
  const { result: removed, published } = await serving.change(async (connection) => {
    const [row] = await connection.query<{ deployment: string | null }>(
      "DELETE FROM aliases WHERE app = $1 AND host = $2 AND kind = $3 RETURNING deployment",
      [app, host, kind],
    );
    if (row) await record(connection, { who, action: `${kind}.remove`, app, object: host });
    return {
      changes: row && row.deployment !== null ? [{ remove: "alias" as const, host }] : [],
      result: row !== undefined,
    };
  });
  await published;
  return removed;
}

/** @throws DomainUnknownError */
export async function removeDomain(
  serving: Serving,
  of: { app: AppName; host: string; who: string },
): Promise<void> {
  if (!(await removeAlias(serving, { ...of, kind: "domain" }))) throw new DomainUnknownError(of.host);
}
