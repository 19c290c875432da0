import { createHash, randomBytes } from "node:crypto";
import type { AppEnvironment, ServingChange } from "@evenkeel/model";
import type { AppMode, NewMode } from "../api/contract/index.ts";
import { lockEnvironment } from "../apps/lock-environment.ts";
import { record } from "../audit/audit-log.ts";
import { type Connection, first } from "../database/connection.ts";
import type { Database } from "../database/database.ts";
import { ModeRefusedError } from "../errors.ts";
import { appendFlags, readFlags } from "../flags/flag-store.ts";
import type { Actor } from "../incidents/actor.ts";
import { incidentPolicy } from "../incidents/incident-policy.ts";
import { sameName } from "../notifications/channels.ts";
import type { Serving } from "../serving/serving.ts";

export interface ModeParts {
  database: Database;
  serving: Serving;
  /** The status page shows it, the console hears of it. */
  onChange(of: AppEnvironment): void;
}

interface ModeRow {
  mode: AppMode["mode"];
  features: string[];
  message: string;
  essential: string[];
  until_at: Date | null;
  entered_at: Date;
  entered_by: Actor;
}

const usualMessage = {
  degraded: "Some features are switched off for the moment.",
  maintenance: "We are working on it and will be back soon.",
};

/** Apps that do less than usual on purpose: features off by their flags, or a page of maintenance. Entered and left by people or by clauses. */
export class AppModes {
  constructor(private readonly parts: ModeParts) {}

  async get({ app, environment }: AppEnvironment): Promise<AppMode> {
    const row = await first(
      this.parts.database.query<ModeRow & Record<string, unknown>>(
        "SELECT mode, features, message, essential, until_at, entered_at, entered_by FROM app_modes WHERE app = $1 AND environment = $2",
        [app, environment],
      ),
    );
    if (!row) return { mode: "normal" };
    const { mode, features, message, essential, until_at, entered_at, entered_by } = row;
    return {
      ...{ mode, features, message, enteredAtMs: entered_at.getTime(), enteredBy: entered_by },
      ...(mode === "maintenance" && { essential }),
      ...(until_at && { untilMs: until_at.getTime() }),
    };
  }

  /**
   * In force at all edges when it returns. What the runbook calls essential is never turned off.
   *
   * @returns with what lets operators pass, which is shown once
   * @throws ModeRefusedError
   */
  async enter(of: AppEnvironment, wish: NewMode, actor: Actor): Promise<AppMode & { pass?: string }> {
    const { app, environment } = of;
    const { continuity } = await incidentPolicy(this.parts.database, of);
    const features =
      wish.features ?? (wish.mode === "degraded" ? (continuity?.degraded?.features ?? []) : []);
    const essential = features.filter((name) => continuity?.essential.some((each) => sameName(each, name)));
    if (essential.length > 0) throw ModeRefusedError.essential(app, essential);
    if (wish.mode === "degraded" && features.length === 0) throw ModeRefusedError.nothingToTurnOff(app);
    const before = await this.get(of);
    // What a person has begun no clause makes milder.
    if (actor.kind === "platform" && before.mode !== "normal") return before;
    const message =
      wish.message ??
      (wish.mode === "degraded" ? continuity?.degraded?.description : undefined) ??
      usualMessage[wish.mode];
    const pass = wish.mode === "maintenance" ? randomBytes(18).toString("base64url") : undefined;
    const passHash = pass === undefined ? null : createHash("sha256").update(pass).digest("hex");
    await this.change(of, actor, `mode.${wish.mode}`, { features, message }, async (connection) => {
      await connection.query(
        `INSERT INTO app_modes (app, environment, mode, features, message, essential, pass_hash, until_at, entered_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (app, environment) DO UPDATE SET mode = excluded.mode, features = excluded.features, message = excluded.message,
           essential = excluded.essential, pass_hash = excluded.pass_hash, until_at = excluded.until_at, entered_at = now(), entered_by = excluded.entered_by`,
        [
          ...[app, environment, wish.mode, features, message, wish.essential ?? [], passHash],
          ...[wish.untilMs === undefined ? null : new Date(wish.untilMs), JSON.stringify(actor)],
        ],
      );
      if (passHash === null) return { remove: "mode", app, environment };
      const mode = {
        ...{ app, environment, message, essential: wish.essential ?? [], passHash },
        ...(wish.untilMs !== undefined && { untilMs: wish.untilMs }),
      };
      return { put: "mode", mode };
    });
    return { ...(await this.get(of)), ...(pass !== undefined && { pass }) };
  }

  /** All is as usual; flags are what they were said to be. */
  async leave(of: AppEnvironment, actor: Actor): Promise<AppMode> {
    const { app, environment } = of;
    await this.change(of, actor, "mode.normal", {}, async (connection) => {
      await connection.query("DELETE FROM app_modes WHERE app = $1 AND environment = $2", [app, environment]);
      return { remove: "mode", app, environment };
    });
    return this.get(of);
  }

  /** The banner of its incidents is another now. */
  async refreshBanner(of: AppEnvironment): Promise<void> {
    await this.parts.serving.change(async (connection) => {
      await lockEnvironment(connection, of.app, of.environment);
      return {
        changes: [await this.flagsChange(connection, of, "incidents", { banner: true })],
        result: undefined,
      };
    });
  }

  private async change(
    of: AppEnvironment,
    actor: Actor,
    action: string,
    detail: Record<string, unknown>,
    work: (connection: Connection) => Promise<ServingChange>,
  ): Promise<void> {
    const { app, environment } = of;
    const { published } = await this.parts.serving.change(async (connection) => {
      await lockEnvironment(connection, app, environment);
      const change = await work(connection);
      await record(connection, { who: actor.name, action, app, detail: { environment, ...detail } });
      const flags = await this.flagsChange(connection, of, actor.name, { mode: action.slice(5), ...detail });
      return { changes: [change, flags], result: undefined };
    });
    this.parts.onChange(of);
    await published;
  }

  private async flagsChange(
    connection: Connection,
    of: AppEnvironment,
    who: string,
    detail: Record<string, unknown>,
  ): Promise<ServingChange> {
    const { declared, overrides } = (await readFlags(connection, of))!;
    return {
      put: "flags",
      flags: await appendFlags(connection, of, { action: "mode", declared, overrides, detail, who }),
    };
  }
}
