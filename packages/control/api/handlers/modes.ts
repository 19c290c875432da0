import { getApp } from "../../apps/app-store.ts";
import { record } from "../../audit/audit-log.ts";
import { first } from "../../database/connection.ts";
import { InvalidRangeError, MaintenanceUnknownError } from "../../errors.ts";
import { actorOf } from "../../incidents/actor.ts";
import type { modeRoutes } from "../contract/index.ts";
import type { HandlersOf } from "../handler.ts";
import type { ControlParts } from "./control-parts.ts";

export function modeHandlers({ database, modes, desk, place }: ControlParts): HandlersOf<typeof modeRoutes> {
  return {
    async getMode({ params }) {
      await getApp(database, params.app);
      return modes.get(params);
    },
    setMode: ({ params, body, caller }) => modes.enter(params, body, actorOf(caller)),
    clearMode: ({ params, caller }) => modes.leave(params, actorOf(caller)),
    async getStatusPage({ params: { app } }) {
      await getApp(database, app);
      const row = await first(
        database.query<{ is_public: boolean | null; title: string | null }>(
          "SELECT is_public, title FROM status_pages WHERE app = $1",
          [app],
        ),
      );
      const rows = await database.query<{
        id: number;
        title: string;
        description: string;
        components: string[];
        starts_at: Date;
        ends_at: Date;
      }>(
        `SELECT id::integer, title, description, components, starts_at, ends_at FROM maintenances
         WHERE app = $1 AND cancelled_at IS NULL AND ends_at > now() ORDER BY starts_at`,
        [app],
      );
      return {
        ...{ isPublic: row?.is_public ?? null, title: row?.title ?? null },
        url: `http://status.${place.domain}${place.port === 80 ? "" : `:${place.port}`}/${app}/`,
        maintenances: rows.map(({ starts_at, ends_at, ...rest }) => ({
          ...{ ...rest, startsAtMs: starts_at.getTime(), endsAtMs: ends_at.getTime() },
        })),
      };
    },
    async setStatusPage({ params: { app }, body: { isPublic, title }, caller }) {
      await getApp(database, app);
      await database.transaction(async (connection) => {
        await connection.query(
          `INSERT INTO status_pages (app, is_public, title) VALUES ($1, $2, $3)
           ON CONFLICT (app) DO UPDATE SET is_public = CASE WHEN $4 THEN $2 ELSE status_pages.is_public END,
             title = CASE WHEN $5 THEN $3 ELSE status_pages.title END`,
          [app, isPublic ?? null, title ?? null, isPublic !== undefined, title !== undefined],
        );
        await record(connection, {
          who: caller.name,
          action: "status_page.set",
          app,
          detail: { isPublic, title },
        });
      });
      desk.status.nudge();
      return { set: true };
    },
    async addMaintenance({ params: { app }, body, caller }) {
      await getApp(database, app);
      const { title, description, components, startsAtMs, endsAtMs } = body;
      if (endsAtMs <= startsAtMs || endsAtMs < Date.now()) throw new InvalidRangeError();
      const id = await database.transaction(async (connection) => {
        const [row] = await connection.query<{ id: number }>(
          `INSERT INTO maintenances (app, title, description, components, starts_at, ends_at, created_by)
           VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id::integer`,
          [app, title, description, components, new Date(startsAtMs), new Date(endsAtMs), caller.name],
        );
        await record(connection, {
          who: caller.name,
          action: "maintenance.add",
          app,
          object: String(row!.id),
        });
        return row!.id;
      });
      desk.status.nudge();
      return { id };
    },
    async cancelMaintenance({ params: { app, maintenance }, caller }) {
      await database.transaction(async (connection) => {
        const rows = await connection.query(
          "UPDATE maintenances SET cancelled_at = now() WHERE app = $1 AND id = $2 AND cancelled_at IS NULL RETURNING 1",
          [app, maintenance],
        );
        if (rows.length === 0) throw new MaintenanceUnknownError(app, maintenance);
        await record(connection, {
          who: caller.name,
          action: "maintenance.cancel",
          app,
          object: String(maintenance),
        });
      });
      desk.status.nudge();
      return { cancelled: true };
    },
  };
}
