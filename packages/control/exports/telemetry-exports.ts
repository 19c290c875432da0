import { rmSync } from "node:fs";
import { appLogFolder } from "@evenkeel/logs";
import { drainStatePath, writeDrainState } from "@evenkeel/logs/drains/drain-state";
import { logEnds } from "@evenkeel/logs/search/log-ends";
import { type AppName, type HomeLayout, platformApp, randomId } from "@evenkeel/model";
import type { SignalsClient } from "@evenkeel/signals/client/signals-client";
import type { ExportView, NewExport } from "../api/contract/index.ts";
import { record } from "../audit/audit-log.ts";
import type { Database } from "../database/database.ts";
import { ExportUnknownError } from "../errors.ts";
import type { TelemetryLink } from "../telemetry/telemetry-link.ts";
import type { Vault } from "../vault/vault.ts";
import type { ExportRunner, TelemetryExport } from "./export-runner.ts";
import { type ExportKind, type ExportState, newExportState } from "./export-state.ts";

interface ExportRow {
  id: string;
  app: AppName | null;
  kinds: ExportKind[];
  sealed: Buffer;
  state: ExportState;
  createdAt: Date;
  createdBy: string;
}

const columns = `id, app, kinds, sealed, state, created_at AS "createdAt", created_by AS "createdBy"`;

/** What its address and headers are sealed for. */
const sealedFor = (id: string) =>
  ({ app: platformApp as AppName, environment: "production", name: `telemetry export ${id}` }) as const;

interface ExportsParts {
  layout: HomeLayout;
  database: Database;
  vault: Vault;
  signals: SignalsClient;
  telemetry: TelemetryLink;
}

/** Exports of telemetry: their rows, and what sends for them while control runs. */
export class TelemetryExports {
  private readonly runners = new Map<string, ExportRunner>();

  constructor(private readonly parts: ExportsParts) {}

  /** Begins all; where each stood is on disk. */
  async start(): Promise<void> {
    for (const row of await this.rows()) {
      if (this.runners.has(row.id)) continue;
      try {
        await this.begin(row);
      } catch (error) {
        console.error(`control: export ${row.id} cannot be opened: ${(error as Error).message}`);
      }
    }
  }

  async stop(): Promise<void> {
    await Promise.all([...this.runners.values()].map((runner) => runner.stop()));
  }

  /** Sends what comes from now on. */
  async add({ url, headers, kinds, app }: NewExport, who: string): Promise<ExportView> {
    const { layout, database, vault } = this.parts;
    const id = randomId(8);
    if (kinds.includes("logs")) {
      for (const name of app === undefined ? await this.apps() : [app]) {
        const folder = appLogFolder(layout, name);
        const positions = await logEnds(folder);
        writeDrainState(folder, await this.drainId(id), { positions, deliveredLines: 0, lostLines: 0 });
      }
    }
    const sealed = vault.seal(JSON.stringify({ url, headers }), sealedFor(id));
    await database.transaction(async (connection) => {
      await connection.query(
        "INSERT INTO telemetry_exports (id, app, kinds, sealed, state, created_by) VALUES ($1, $2, $3, $4, $5, $6)",
        [id, app ?? null, kinds, sealed, JSON.stringify(newExportState(Date.now())), who],
      );
      const detail = { kinds, to: new URL(url).host };
      await record(connection, { who, action: "export.add", object: id, detail, ...(app && { app }) });
    });
    const row = await this.row(id);
    await this.begin(row);
    return this.view(row);
  }

  async remove(id: string, who: string): Promise<void> {
    const { layout, database, telemetry } = this.parts;
    const { app } = await this.row(id);
    await database.transaction(async (connection) => {
      await connection.query("DELETE FROM telemetry_exports WHERE id = $1", [id]);
      await record(connection, { who, action: "export.remove", object: id, ...(app && { app }) });
    });
    await this.runners.get(id)?.stop();
    this.runners.delete(id);
    await telemetry.ask({ type: "end_queue", reader: id });
    for (const name of await this.apps()) {
      rmSync(drainStatePath(appLogFolder(layout, name), await this.drainId(id)), { force: true });
    }
  }

  /** Of an app that was removed; exports of it alone went with its row. */
  async forget(app: AppName): Promise<void> {
    for (const [id, runner] of this.runners) {
      if (runner.wanted.app !== app) await runner.forget(app);
      else {
        await runner.stop();
        this.runners.delete(id);
        await this.parts.telemetry.ask({ type: "end_queue", reader: id });
      }
    }
  }

  async list(): Promise<ExportView[]> {
    return (await this.rows()).map((row) => this.view(row));
  }

  /** Sends an empty request of each kind. @throws DrainFailedError, DrainAddressRefusedError */
  async test(id: string): Promise<void> {
    const { kinds, target } = this.open(await this.row(id));
    const { OtlpSender } = await import("./otlp-sender.ts");
    let refusal: string | undefined;
    const sender = new OtlpSender(target, (_, __, reason) => {
      refusal = reason;
    });
    const { DrainFailedError } = await import("@evenkeel/logs");
    for (const kind of kinds) await sender.send(kind, {}, 0);
    if (refusal !== undefined) throw new DrainFailedError(refusal);
  }

  /** What sends needs OpenTelemetry's schema, which most machines have no use for here. */
  private async begin(row: ExportRow): Promise<void> {
    const { ExportRunner } = await import("./export-runner.ts");
    const { layout, signals, telemetry, database } = this.parts;
    const runner = new ExportRunner(this.open(row), {
      ...{ layout, signals, telemetry },
      apps: () => this.apps(),
      save: async (id, state) => {
        await database.query("UPDATE telemetry_exports SET state = $2 WHERE id = $1", [
          id,
          JSON.stringify(state),
        ]);
      },
    });
    this.runners.set(row.id, runner);
  }

  private async drainId(id: string): Promise<string> {
    const { exportDrainId } = await import("./export-runner.ts");
    return exportDrainId(id);
  }

  private async apps(): Promise<AppName[]> {
    const rows = await this.parts.database.query<{ name: AppName }>("SELECT name FROM apps ORDER BY name");
    return rows.map(({ name }) => name);
  }

  private open({ id, app, kinds, sealed, state }: ExportRow): TelemetryExport {
    const { url, headers } = JSON.parse(this.parts.vault.unseal(sealed, sealedFor(id))) as Pick<
      NewExport,
      "url" | "headers"
    >;
    // Only `admin` makes exports, and may name this machine.
    return { id, app, kinds, state, target: { kind: "otlp", url, headers, isLocal: true } };
  }

  private rows(): Promise<ExportRow[]> {
    return this.parts.database.query<ExportRow & Record<string, unknown>>(
      `SELECT ${columns} FROM telemetry_exports ORDER BY created_at`,
    );
  }

  private async row(id: string): Promise<ExportRow> {
    const row = (await this.rows()).find((one) => one.id === id);
    if (!row) throw new ExportUnknownError(id);
    return row;
  }

  /** Without what may be secret: the address's path and query, and the values of headers. */
  private view(row: ExportRow): ExportView {
    const { target, kinds, app } = this.open(row);
    const { protocol, host } = new URL(target.url);
    const runner = this.runners.get(row.id);
    const { counts, failures, sentAtMs } = runner?.state ?? row.state;
    const logs = runner?.logReport();
    const sent = {
      ...(kinds.includes("metrics") && { metrics: counts.metrics }),
      ...(kinds.includes("traces") && { traces: counts.traces }),
      ...(kinds.includes("logs") && {
        logs: { sent: logs?.deliveredLines ?? 0, refused: logs?.refused ?? 0, lost: logs?.lostLines ?? 0 },
      }),
    };
    return {
      ...{ id: row.id, to: `${protocol}//${host}`, headers: Object.keys(target.headers), kinds },
      ...(app && { app }),
      ...{ createdAtMs: row.createdAt.getTime(), createdBy: row.createdBy, counts: sent },
      ...(sentAtMs && { sentAtMs }),
      failures: { ...failures, ...(logs?.failure && { logs: logs.failure }) },
    };
  }
}
