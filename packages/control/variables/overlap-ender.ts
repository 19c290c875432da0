import type { AppName, EnvironmentName } from "@evenkeel/model";
import type { Database } from "../database/database.ts";
import type { Vault } from "../vault/vault.ts";
import type { Configurer } from "./configurer.ts";
import { endOverlap } from "./rotate-variable.ts";

const lookEveryMs = 5_000;
/** After one that could not be ended, such as one whose end the app's schema refuses. */
const patienceMs = 10 * 60_000;

/** Ends the overlaps of rotated variables when their time has come; those that came while control was away, at its start. */
export class OverlapEnder {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly notBeforeMs = new Map<string, number>();
  private stopped = false;

  constructor(private readonly parts: { database: Database; vault: Vault; configurer: Configurer }) {}

  start(): void {
    this.timer = setTimeout(async () => {
      await this.look().catch(() => {
        // The database is away; the next look finds the same.
      });
      if (!this.stopped) this.start();
    }, lookEveryMs);
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  private async look(): Promise<void> {
    const due = await this.parts.database.query<{
      app: AppName;
      environment: EnvironmentName;
      name: string;
      created_by: string;
    }>("SELECT app, environment, name, created_by FROM variable_overlaps WHERE ends_at <= now()");
    for (const { created_by: who, ...overlap } of due) {
      const key = Object.values(overlap).join(" ");
      if (this.stopped || (this.notBeforeMs.get(key) ?? 0) > Date.now()) continue;
      try {
        await endOverlap(this.parts, { ...overlap, who });
        this.notBeforeMs.delete(key);
      } catch (error) {
        this.notBeforeMs.set(key, Date.now() + patienceMs);
        const { name, environment, app } = overlap;
        console.error(
          `control: the overlap of ${name} of ${app} in ${environment} did not end: ${(error as Error).message}`,
        );
      }
    }
  }
}
