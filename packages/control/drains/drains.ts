import { rmSync } from "node:fs";
import { appLogFolder } from "@evenkeel/logs";
import type { Drain } from "@evenkeel/logs/drains/drain";
import { DrainRunner, openShipper } from "@evenkeel/logs/drains/drain-runner";
import { drainStatePath, writeDrainState } from "@evenkeel/logs/drains/drain-state";
import { logEnds } from "@evenkeel/logs/search/log-ends";
import { type AppName, type HomeLayout, randomId } from "@evenkeel/model";
import type { DrainView, NewDrain } from "../api/contract/index.ts";
import { record } from "../audit/audit-log.ts";
import type { Connection } from "../database/connection.ts";
import type { Database } from "../database/database.ts";
import { DrainUnknownError } from "../errors.ts";
import type { Vault } from "../vault/vault.ts";

interface DrainRow extends Omit<Drain, "url" | "headers" | "ca" | "environment" | "level"> {
  environment: Drain["environment"] | null;
  level: Drain["level"] | null;
  sealed: Buffer;
  createdAt: Date;
  createdBy: string;
}

const columns = `id, app, kind, environment, level, is_local AS "isLocal", sealed, created_at AS "createdAt", created_by AS "createdBy"`;

/** What its address and headers are sealed for. */
const sealedFor = ({ app, id }: Pick<Drain, "app" | "id">) =>
  ({ app, environment: "production", name: `log drain ${id}` }) as const;

/** The drains of all apps: their rows, and what sends for them while control runs. */
export class Drains {
  private readonly runners = new Map<string, DrainRunner>();

  constructor(private readonly parts: { layout: HomeLayout; database: Database; vault: Vault }) {}

  /** Begins all; where one stood is on disk. */
  async start(): Promise<void> {
    for (const row of await this.rows()) {
      if (this.runners.has(row.id)) continue;
      try {
        this.begin(this.open(row));
      } catch (error) {
        console.error(`control: drain ${row.id} of ${row.app} cannot be opened: ${(error as Error).message}`);
      }
    }
  }

  async stop(): Promise<void> {
    await Promise.all([...this.runners.values()].map((runner) => runner.stop()));
  }

  /** Sends what comes from now on. */
  async add(app: AppName, wish: NewDrain & { isLocal: boolean }, who: string): Promise<DrainView> {
    const { kind, url, headers, ca, environment, level, isLocal } = wish;
    const id = randomId(8);
    const folder = appLogFolder(this.parts.layout, app);
    writeDrainState(folder, id, { positions: await logEnds(folder), deliveredLines: 0, lostLines: 0 });
    const sealed = this.parts.vault.seal(JSON.stringify({ url, headers, ca }), sealedFor({ app, id }));
    await this.parts.database.transaction(async (connection) => {
      await connection.query(
        `INSERT INTO log_drains (id, app, kind, environment, level, is_local, sealed, created_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
        [id, app, kind, environment ?? null, level ?? null, isLocal, sealed, who],
      );
      const detail = { kind, to: new URL(url).host };
      await record(connection, { who, action: "drain.add", app, object: id, detail });
    });
    const row = await this.row(app, id);
    this.begin(this.open(row));
    return this.view(row);
  }

  async remove(app: AppName, id: string, who: string): Promise<void> {
    const { database, layout } = this.parts;
    await this.row(app, id);
    await database.transaction(async (connection) => {
      await connection.query("DELETE FROM log_drains WHERE id = $1", [id]);
      await record(connection, { who, action: "drain.remove", app, object: id });
    });
    await this.end(id);
    rmSync(drainStatePath(appLogFolder(layout, app), id), { force: true });
  }

  /** Of an app that was removed. */
  async forget(app: AppName): Promise<void> {
    const own = [...this.runners.values()].filter(({ drain }) => drain.app === app);
    await Promise.all(own.map(({ drain }) => this.end(drain.id)));
  }

  async list(app: AppName): Promise<DrainView[]> {
    return (await this.rows(app)).map((row) => this.view(row));
  }

  /** Sends one line of its own, past the log. @throws DrainFailedError, DrainAddressRefusedError */
  async test(app: AppName, id: string): Promise<void> {
    const shipper = openShipper(this.open(await this.row(app, id)));
    const text = `This is a test of drain ${id}`;
    try {
      await shipper.send(
        [{ id: `test-${Date.now()}`, atMs: Date.now(), level: "info", stream: "platform", text }],
        app,
      );
    } finally {
      shipper.close();
    }
  }

  private begin(drain: Drain): void {
    this.runners.set(drain.id, new DrainRunner(drain, appLogFolder(this.parts.layout, drain.app)));
  }

  private async end(id: string): Promise<void> {
    await this.runners.get(id)?.stop();
    this.runners.delete(id);
  }

  private open({ sealed, environment, level, createdAt: _at, createdBy: _by, ...row }: DrainRow): Drain {
    const { url, headers, ca } = JSON.parse(this.parts.vault.unseal(sealed, sealedFor(row))) as Pick<
      Drain,
      "url" | "headers" | "ca"
    >;
    return {
      ...row,
      url,
      headers,
      ...(ca && { ca }),
      ...(environment && { environment }),
      ...(level && { level }),
    };
  }

  private rows(app?: AppName, connection: Connection = this.parts.database): Promise<DrainRow[]> {
    return connection.query<DrainRow & Record<string, unknown>>(
      `SELECT ${columns} FROM log_drains WHERE $1::text IS NULL OR app = $1 ORDER BY created_at`,
      [app ?? null],
    );
  }

  private async row(app: AppName, id: string): Promise<DrainRow> {
    const row = (await this.rows(app)).find((one) => one.id === id);
    if (!row) throw new DrainUnknownError(app, id);
    return row;
  }

  /** Without what may be secret: the address's path and query, and the values of headers. */
  private view(row: DrainRow): DrainView {
    const { id, kind, environment, level, url, headers } = this.open(row);
    const { positions: _positions, ...state } = this.runners.get(id)?.report() ?? {
      positions: {},
      deliveredLines: 0,
      lostLines: 0,
    };
    return {
      ...{ id, kind, to: `${new URL(url).protocol}//${new URL(url).host}`, headers: Object.keys(headers) },
      ...(environment && { environment }),
      ...(level && { level }),
      ...{ createdAtMs: row.createdAt.getTime(), createdBy: row.createdBy },
      ...state,
    };
  }
}
