import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type HomeLayout, homeLayout } from "@evenkeel/model";
import type { ArchivePosition } from "../archive/wal-inventory.ts";
import { withSession } from "../client/session.ts";
import { DrillFailedError } from "../errors.ts";
import { readArchivePlace } from "../platform/archive-place.ts";
import { platformArchives } from "../platform/platform-archives.ts";
import { platformDatabase } from "../platform/platform-database.ts";
import { rebuildHome } from "../platform/rebuild-home.ts";
import { withSocketFolder } from "../restore/restore-cluster.ts";
import { startCluster } from "../server/cluster.ts";
import { diskSpace } from "../server/free-space.ts";
import { killServer } from "../server/kill-server.ts";
import { defaultServerAccount } from "../server/server-account.ts";
import { unsafeSettings } from "../server/server-settings.ts";
import type { Rehearsal } from "./rehearsal.ts";

/**
 * The platform is made anew in a throw-away folder, from its archive and its recovery key alone, and what it then knows is compared with what it knows
 * here. Nothing of it is started but its database: the addresses are taken, and two platforms would write to one archive.
 */
export async function drillRebuild(rehearsal: Rehearsal, layout: HomeLayout, folder: string): Promise<void> {
  const home = homeLayout(join(folder, "home"));
  const place = readArchivePlace(layout);
  const expected = await rehearsal.step(
    "Counting what the platform knows",
    async () => {
      if (!existsSync(layout.recoveryKey))
        throw new DrillFailedError("There is no recovery key yet, so there is no archive of the platform");
      const archive = platformArchives(place, readFileSync(layout.recoveryKey)).database;
      const { timeMs } = await archive.readJson<ArchivePosition>("position");
      rehearsal.findings.rpoMs = Math.max(0, Date.now() - timeMs);
      return { ...(await known(platformDatabase(layout).connection, timeMs)), archivedToMs: timeMs };
    },
    ({ apps, releases }) => `${apps} apps, ${releases} releases`,
  );
  const begunMs = performance.now();
  const report = await rehearsal.step(
    "Rebuilding from archive and recovery key",
    async () => {
      mkdirSync(home.home, { recursive: true, mode: 0o711 });
      if (diskSpace(folder).freeBytes < 256 * 1024 * 1024)
        throw new DrillFailedError("The disk has less than 256 MB left");
      const recoveryKey = readFileSync(layout.recoveryKey);
      return rebuildHome({ layout: home, place, recoveryKey, onProgress: () => {} });
    },
    ({ files, databases }) => `${files} files, ${databases.length} databases of apps`,
  );
  for (const { app, environment, error } of report.databases)
    if (error)
      rehearsal.fail(
        "Rebuilding from archive and recovery key",
        error.code,
        `${app}/${environment}: ${error.message}`,
      );
  await rehearsal.step(
    "Comparing what the rebuilt platform knows",
    async () => {
      const { dataDir } = platformDatabase(home);
      const found = await withSocketFolder(defaultServerAccount(), async (socketDir) => {
        const cluster = await startCluster({
          dataDir,
          socketDir,
          settings: { ...unsafeSettings, autovacuum: false },
        });
        try {
          return await known(cluster.connectionOptions(), expected.archivedToMs);
        } finally {
          await killServer(dataDir);
        }
      });
      rehearsal.findings.rtoMs = Math.round(performance.now() - begunMs);
      if (found.apps >= expected.apps && found.releases >= expected.releases) return found;
      throw new DrillFailedError(
        `${expected.apps} apps and ${expected.releases} releases were known, and ${found.apps} and ${found.releases} came back`,
      );
    },
    ({ apps, releases }) => `${apps} apps, ${releases} releases`,
  );
}

/** Of what was there by then. */
async function known(connection: object, atMs: number): Promise<{ apps: number; releases: number }> {
  const names = await withSession({ ...connection, database: "postgres" }, async (client) => {
    const { rows } = await client.query(
      "SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY datname = 'postgres'",
    );
    return rows.map(({ datname }) => datname as string);
  });
  for (const database of names) {
    const counts = await withSession({ ...connection, database }, async (client) => {
      const { rows } = await client.query("SELECT to_regclass('public.releases') IS NOT NULL AS there");
      if (!rows[0].there) return undefined;
      const { rows: found } = await client.query(
        `SELECT (SELECT count(*)::int FROM apps WHERE created_at <= to_timestamp($1::float8 / 1000)) AS apps,
                (SELECT count(*)::int FROM releases WHERE created_at <= to_timestamp($1::float8 / 1000)) AS releases`,
        [atMs],
      );
      return found[0] as { apps: number; releases: number };
    });
    if (counts) return counts;
  }
  throw new DrillFailedError("The platform's database has no releases");
}
