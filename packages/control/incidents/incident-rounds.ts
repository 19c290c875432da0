import type { Database } from "../database/database.ts";
import { DatabaseUnavailableError } from "../errors.ts";
import type { NotificationPlanner } from "../notifications/notification-planner.ts";
import { noteActions } from "./automatic-actions.ts";
import { readIncident, unresolvedIncidents } from "./incident-store.ts";
import type { Incidents } from "./incidents.ts";

export interface RoundParts {
  database: Database;
  incidents: Incidents;
  planner: NotificationPlanner;
  /** Somebody is to be told. */
  onCalled(): void;
}

const everyMs = 1_000;

/** Counts the time of incidents, while there are any: who is called next, what has settled, what was done meanwhile. */
export class IncidentRounds {
  private timer: ReturnType<typeof setInterval> | undefined;
  private round: Promise<void> | undefined;
  private stopped = false;

  constructor(private readonly parts: RoundParts) {}

  /** Something is open, or was. */
  nudge(): void {
    if (this.stopped || this.timer !== undefined || !this.parts.incidents.hasUnresolved) return;
    this.timer = setInterval(() => this.look(), everyMs);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    await this.round;
  }

  private look(): void {
    this.round ??= this.once()
      .catch((error) => {
        if (!(error instanceof DatabaseUnavailableError)) console.error("control: incidents:", error);
      })
      .finally(() => {
        this.round = undefined;
      });
  }

  private async once(): Promise<void> {
    const { database, incidents, planner } = this.parts;
    const nowMs = Date.now();
    for (const row of await unresolvedIncidents(database)) {
      await noteActions(database, row);
      const hasTime = row.escalation !== null && row.escalation.nextAtMs <= nowMs;
      const isUpdateDue = planner.isReminderDue(row, nowMs);
      if (!hasTime && !isUpdateDue) continue;
      const policy = await incidents.policyOf(row);
      const isCalled = await database.transaction(async (connection) => {
        const now = await readIncident(connection, row.id, true);
        if (!now) return false;
        const called = await planner.escalate(connection, now, policy, nowMs);
        const reminded = await planner.remind(connection, now, policy, nowMs);
        return called || reminded;
      });
      if (isCalled) this.parts.onCalled();
    }
    await incidents.round(nowMs);
    if (incidents.hasUnresolved) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }
}
