import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { Client } from "pg";
import { AppCluster } from "../app-cluster/app-cluster.ts";
import { createBranch } from "../branch/create-branch.ts";
import { sqlState, withSession } from "../client/session.ts";
import { DrillFailedError } from "../errors.ts";
import type { AppDatabase } from "../keeper/app-database.ts";
import { branchSettings } from "../keeper/branches/branch-settings.ts";
import { requireFreeSpace } from "../server/free-space.ts";
import type { Rehearsal } from "./rehearsal.ts";

/** Tables in which frameworks keep who is signed in. */
const sessionTables =
  "^(.*_)?(sessions?|refresh_tokens?|verification_tokens?|access_tokens?|personal_access_tokens)$";

/**
 * A copy of the database, as somebody in it has seen its password: the password is replaced, every connection is ended, every session that is kept in
 * tables is removed, and the old password no longer opens it.
 */
export async function drillBreach(
  rehearsal: Rehearsal,
  database: AppDatabase,
  folder: string,
  allotPort: () => number,
): Promise<void> {
  const dataDir = join(folder, "copy");
  const secret = () => randomBytes(24).toString("base64url");
  const known = secret();
  const port = allotPort();
  const clusterOf = (password: string) =>
    new AppCluster({
      ...{ name: "drill", dataDir, socketDir: database.socketDir, port, password },
      settings: { ...branchSettings, ...database.settings },
    });
  let cluster = clusterOf(known);
  try {
    await rehearsal.step("Copying the database", async () => {
      requireFreeSpace(folder, database.dataBytes(), "A drill");
      const source = await database.branchSource(undefined, () => {});
      await createBranch({ source, dataDir, password: known, finishAtStart: true });
      await cluster.start();
    });
    const intruder = new Client(cluster.environment()["DATABASE_URL"]!);
    const ended = new Promise<void>((resolve) => intruder.on("error", () => resolve()));
    await intruder.connect();
    const begunMs = performance.now();
    await rehearsal.step("Replacing the database's password", async () => {
      await cluster.release();
      cluster = clusterOf(secret());
      await cluster.start();
    });
    await rehearsal.step("Ending every connection", async () => {
      const running = await cluster.start();
      await withSession(running.connectionOptions(), (client) =>
        client.query(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
        ),
      );
      await Promise.race([
        ended,
        Bun.sleep(10_000).then(() => {
          throw new DrillFailedError("A connection with the old password lives on");
        }),
      ]);
    });
    await rehearsal.step(
      "Ending every session",
      () => endSessions(cluster),
      (tables) =>
        tables.length === 0
          ? "no table of sessions: they are signed with secrets, which are replaced"
          : tables.map(({ name, rows }) => `${rows} of ${name}`).join(", "),
    );
    await rehearsal.step(
      "Trying the old password",
      async () => {
        const old = clusterOf(known).environment()["DATABASE_URL"]!;
        const refusal = await withSession(old, async () => undefined).catch((error) => sqlState(error));
        if (refusal !== "28P01") throw new DrillFailedError("The old password still opens the database");
        const now = cluster.environment()["DATABASE_URL"]!;
        await withSession(now, (client) => client.query("SELECT 1"));
      },
      () => "refused; the new one opens it",
    );
    rehearsal.findings.rtoMs = Math.round(performance.now() - begunMs);
  } finally {
    await cluster.kill();
  }
}

async function endSessions(cluster: AppCluster): Promise<{ name: string; rows: number }[]> {
  const running = await cluster.start();
  return withSession(running.connectionOptions("app"), async (client) => {
    const { rows: tables } = await client.query(
      `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
       WHERE schemaname NOT IN ('pg_catalog', 'information_schema', 'evenkeel') AND tablename ~* $1 ORDER BY 1`,
      [sessionTables],
    );
    const ended: { name: string; rows: number }[] = [];
    for (const { name } of tables) {
      const { rowCount } = await client.query(`DELETE FROM ${name}`);
      const { rows } = await client.query(`SELECT count(*)::int AS left FROM ${name}`);
      if (rows[0].left !== 0) throw new DrillFailedError(`${name} has ${rows[0].left} sessions left`);
      ended.push({ name, rows: rowCount ?? 0 });
    }
    return ended;
  });
}
