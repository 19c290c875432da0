import { z } from "zod";
import { type ClauseDraft, clauseKind, type Enforcement, type KindContext } from "../language/clause.ts";
import type { DatabasePlan } from "../language/runbook-plan.ts";
import { readDailyOrWeekly } from "../quantities/calendar.ts";
import { readDurationMs, spaced } from "../quantities/duration.ts";
import { line } from "./words.ts";

const backup = z.strictObject({
  schedule: line.optional(),
  method: line.optional(),
  retention: line.optional(),
  storage: line.optional(),
  verification: line.optional(),
  enabled: z.boolean().optional(),
  recovery_time_objective: line.optional(),
  recovery_point_objective: line.optional(),
});
type Backup = z.output<typeof backup>;
const calendars = { continuous: backup, hourly: backup, daily: backup, weekly: backup, monthly: backup };
const ofDatabase = z.strictObject(calendars).partial();

const kept: Enforcement = { by: "release", how: "set with the release; the database's keeper does it" };
const archived: Enforcement = {
  by: "platform",
  how: "WAL is archived within seconds and can be replayed to any moment",
};
const elsewhere: Enforcement = {
  by: "person",
  how: "somebody gives the archive a place elsewhere (evenkeel backup to)",
};

export const backupStrategy = clauseKind({
  name: "backups",
  key: "backupStrategy",
  about: "What is backed up when, kept how long, and how it is known that it can be restored.",
  schema: z.strictObject({
    ...ofDatabase.shape,
    database: ofDatabase.optional(),
    user_content: z.record(z.string().min(1).max(100), backup).optional(),
    configuration: z.record(z.string().min(1).max(100), line).optional(),
  }),
  exercised: "by each backup; restored and compared each week",
  read(section, context) {
    const { database, user_content, configuration, ...top } = section;
    const reader = new BackupReader(context);
    reader.readAll([], top);
    if (database) reader.readAll(["database"], database);
    for (const [name, given] of Object.entries(user_content ?? {})) readContent(name, given, reader);
    for (const [name, text] of Object.entries(configuration ?? {})) {
      reader.add(["configuration", name], `${spaced(name)}: ${spaced(text)}`, {
        by: "platform",
        how: "repositories, settings and sealed variables are in the platform's own archive",
      });
    }
    return { clauses: reader.clauses, plan: { database: reader.plan } };
  },
});

class BackupReader {
  readonly clauses: ClauseDraft[] = [];
  readonly plan: DatabasePlan = { backups: [], upkeep: [] };

  constructor(private readonly context: KindContext) {}

  add(path: (string | number)[], says: string, enforced: Enforcement): void {
    this.clauses.push({ path, says, enforced });
  }

  readAll(base: string[], given: z.output<typeof ofDatabase>): void {
    for (const [name, each] of Object.entries(given) as [string, Backup | undefined][]) {
      if (!each) continue;
      if (name === "continuous") this.readContinuous([...base, name], each);
      else this.readScheduled([...base, name], name, each);
      this.readRest([...base, name], each);
    }
  }

  private readContinuous(path: string[], { retention, enabled, method }: Backup): void {
    if (enabled === false) this.context.refuse([...path, "enabled"], "WAL is always archived; leave it out");
    if (enabled) this.add([...path, "enabled"], "any moment can be restored", archived);
    if (method !== undefined) this.add([...path, "method"], spaced(method), archived);
    const keepMs = this.duration([...path, "retention"], retention);
    if (keepMs === undefined) return;
    this.plan.pointInTimeMs = Math.max(this.plan.pointInTimeMs ?? 0, keepMs);
    this.add([...path, "retention"], `any moment of the last ${spaced(retention!)} can be restored`, kept);
  }

  private readScheduled(path: string[], name: string, { schedule, retention, method }: Backup): void {
    const at = schedule === undefined ? path : [...path, "schedule"];
    const calendar = this.context.read(at, () => readDailyOrWeekly(schedule ?? name));
    const keepMs = this.duration([...path, "retention"], retention);
    if (calendar) {
      this.plan.backups.push({ calendar, keepMs: keepMs ?? 0 });
      this.add(at, `${name} backup${schedule === undefined ? "" : ` at ${schedule}`}`, kept);
    }
    if (method !== undefined) {
      this.add([...path, "method"], spaced(method), {
        by: "platform",
        how: "backups are incremental or full, compressed and sealed; each restores by itself",
      });
    }
    if (keepMs !== undefined) this.add([...path, "retention"], `kept for ${spaced(retention!)}`, kept);
  }

  private readRest(path: string[], given: Backup): void {
    if (given.storage !== undefined) {
      this.add([...path, "storage"], `stored in ${spaced(given.storage)}`, elsewhere);
    }
    if (given.verification !== undefined) {
      this.plan.verifyEveryDays = Math.min(this.plan.verifyEveryDays ?? 7, days(given.verification));
      this.add([...path, "verification"], spaced(given.verification), kept);
    }
    const rtoMs = this.duration([...path, "recovery_time_objective"], given.recovery_time_objective);
    const rpoMs = this.duration([...path, "recovery_point_objective"], given.recovery_point_objective);
    if (rtoMs !== undefined) {
      this.plan.rtoMs = rtoMs;
      this.add(
        [...path, "recovery_time_objective"],
        `recovered within ${given.recovery_time_objective}`,
        measured,
      );
    }
    if (rpoMs !== undefined) {
      this.plan.rpoMs = rpoMs;
      this.add(
        [...path, "recovery_point_objective"],
        `loses at most ${given.recovery_point_objective}`,
        measured,
      );
    }
  }

  private duration(path: string[], text: string | undefined): number | undefined {
    return text === undefined ? undefined : this.context.read(path, () => readDurationMs(text));
  }
}

const measured: Enforcement = { by: "platform", how: "measured by each verification of the database" };

const days = (text: string): number => (/daily/i.test(text) ? 1 : /monthly/i.test(text) ? 30 : 7);

function readContent(name: string, given: Backup, reader: BackupReader): void {
  const words = [given.method, given.retention, given.storage].filter((part) => part !== undefined);
  reader.add(
    ["user_content", name],
    `user content, ${spaced(name)}: ${words.map((word) => spaced(word!)).join(", ")}`,
    {
      by: "person",
      how: "buckets keep what was overwritten for seven days and are in the platform's archive; more needs somebody",
    },
  );
}

export const restoreTests = clauseKind({
  name: "restore tests",
  key: "restoreTests",
  about: "How often the newest backup is restored into a throw-away cluster and compared: `'weekly'`.",
  schema: z.enum(["daily", "weekly", "monthly"]),
  exercised: "by each verification",
  read: (section) => ({
    clauses: [{ path: [], says: `${section} restore test`, enforced: kept }],
    plan: { database: { backups: [], upkeep: [], verifyEveryDays: days(section) } },
  }),
});
