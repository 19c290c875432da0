import type { AppName } from "@evenkeel/model";
import type { BudgetState } from "@evenkeel/model/link/telemetry-protocol";
import type { Incidents } from "../incidents/incidents.ts";
import type { TroubleOf } from "../incidents/trouble.ts";
import type { TelemetryLink } from "./telemetry-link.ts";

const lookEveryMs = 20_000;

/** Makes troubles of budgets that are nearly or wholly spent, and of token rates near their limit; tells when they are over. */
export class BudgetWatch {
  /** What was told, by where it belongs: a budget that somebody takes away is no trouble any more. */
  private readonly told = new Map<string, TroubleOf>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly telemetry: Pick<TelemetryLink, "ask">,
    private readonly incidents: Pick<Incidents, "report" | "recovered">,
  ) {}

  start(): void {
    this.timer = setTimeout(async () => {
      try {
        await this.look();
      } catch (error) {
        console.error(`control: budgets could not be looked at: ${(error as Error).message}`);
      }
      if (this.timer) this.start();
    }, lookEveryMs);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  /** Once. */
  async look(): Promise<void> {
    const gone = new Map(this.told);
    for (const budget of await this.telemetry.ask<BudgetState[]>({ type: "budget_states" })) {
      const { environment, provider, kind, level, most, actual } = budget;
      const trouble: TroubleOf = {
        ...{ app: budget.app as AppName, environment, source: "platform" },
        ...{ component: provider || "spending", key: `budget.${kind}.${provider}` },
      };
      const name = `${budget.app}/${environment}/${trouble.key}`;
      gone.delete(name);
      if (level === undefined) {
        await this.incidents.recovered(trouble);
        this.told.delete(name);
        continue;
      }
      await this.incidents.report({
        ...trouble,
        severity: level === "exceeded" ? "major" : "minor",
        title: titleOf(budget),
        evidence: { provider, kind, level, most, actual },
      });
      this.told.set(name, trouble);
    }
    for (const [name, trouble] of gone) {
      await this.incidents.recovered(trouble);
      this.told.delete(name);
    }
  }
}

const number = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });

function titleOf({ provider, kind, most, actual = 0 }: BudgetState): string {
  const of = provider === "" ? "all providers" : provider;
  const share = number.format((actual / most) * 100);
  return kind === "tokens_per_minute"
    ? `The token rate of ${of} is at ${share} % of ${number.format(most)} a minute`
    : `Spending on ${of} is at ${share} % of the ${kind}'s ${number.format(most)} USD`;
}
