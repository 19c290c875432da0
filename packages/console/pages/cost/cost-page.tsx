import type { CostReport } from "@evenkeel/control/api/contract/index";
import { type FormEvent, useMemo, useState } from "react";
import { call } from "../../api/call.ts";
import { type Environment, useAppEnvironment } from "../../api/environment.ts";
import { useAct, useApi } from "../../api/use-api.ts";
import { useViewer } from "../../api/viewer.ts";
import { Answer, Empty, Fault } from "../../kit/answer.tsx";
import { Button, IconButton } from "../../kit/button.tsx";
import { Card, Stat, Stats } from "../../kit/card.tsx";
import { classes } from "../../kit/classes.ts";
import { Choice, Field, Input, Select } from "../../kit/field.tsx";
import { count, share, usd } from "../../kit/format.ts";
import { Page } from "../../kit/page.tsx";
import { Badge } from "../../kit/status.tsx";
import { Table } from "../../kit/table.tsx";
import { When } from "../../kit/time.tsx";
import { EnvironmentChoice } from "../../shell/environment-choice.tsx";

const dayMs = 86_400_000;
const kinds = { day: "a day", month: "a month", tokens_per_minute: "tokens a minute" } as const;
type Kind = keyof typeof kinds;
const dollars = (microUsd: number): number => microUsd / 1_000_000;

export function CostPage() {
  const { app, environment } = useAppEnvironment();
  const [days, setDays] = useState<"1" | "7" | "30">("30");
  const fromMs = useMemo(() => Math.floor(Date.now() / 60_000) * 60_000 - Number(days) * dayMs, [days]);
  const cost = useApi("getCost", { app, environment, fromMs }, { everyMs: 30_000, keep: true });
  return (
    <Page
      title="Cost"
      about="What the app says it used of its providers, and what that costs."
      actions={
        <>
          <EnvironmentChoice />
          <Choice
            label="Period"
            value={days}
            options={[
              ["1", "1 day"],
              ["7", "7 days"],
              ["30", "30 days"],
            ]}
            onChange={setDays}
          />
        </>
      }
    >
      <Answer query={cost}>
        {(report) => (
          <>
            <Spending report={report} />
            <Budgets app={app} environment={environment} report={report} />
            {report.alerts.length > 0 && (
              <Card title="Alerts" flush>
                <Table
                  label="Alerts"
                  items={report.alerts}
                  keyOf={({ provider, kind, atMs }) => `${provider} ${kind} ${atMs}`}
                  columns={[
                    { title: "When", cell: ({ atMs }) => <When ms={atMs} only="day" /> },
                    {
                      title: "Budget",
                      cell: ({ provider, kind, most }) =>
                        `${provider || "all"}: ${amount(kind, most)} ${kinds[kind]}`,
                    },
                    {
                      title: "Level",
                      cell: ({ level }) => (
                        <Badge tone={level === "exceeded" ? "bad" : "warn"}>{level}</Badge>
                      ),
                    },
                    { title: "Used", right: true, cell: ({ kind, actual }) => amount(kind, actual) },
                  ]}
                />
              </Card>
            )}
          </>
        )}
      </Answer>
    </Page>
  );
}

const amount = (kind: Kind, value: number): string =>
  kind === "tokens_per_minute" ? count(value) : usd(value);

function Spending({ report: { spending } }: { report: CostReport }) {
  const total = spending.reduce((sum, { microUsd }) => sum + microUsd, 0);
  if (spending.length === 0) {
    return (
      <Card title="Spending">
        <Empty icon="coin" title="Nothing is spent, as far as is known">
          <p>
            The app tells by OpenTelemetry metrics what it used, such as{" "}
            <code className="font-mono text-xs">gen_ai.client.token.usage</code>; prices are set with{" "}
            <code className="font-mono text-xs">evenkeel price</code>.
          </p>
        </Empty>
      </Card>
    );
  }
  return (
    <>
      <Stats>
        <Stat label="Spent">{usd(dollars(total))}</Stat>
        <Stat label="Providers">{new Set(spending.map(({ provider }) => provider)).size}</Stat>
      </Stats>
      <Card title="By provider" flush>
        <Table
          label="Spending"
          items={spending}
          keyOf={({ provider, item, unit }) => `${provider} ${item} ${unit}`}
          columns={[
            { title: "Provider", cell: ({ provider }) => provider },
            { title: "Item", cell: ({ item }) => item },
            { title: "Used", right: true, cell: ({ quantity, unit }) => `${count(quantity)} ${unit}` },
            {
              title: "Cost",
              right: true,
              cell: ({ microUsd, unpriced, quantity }) =>
                unpriced >= quantity ? "no price" : usd(dollars(microUsd)),
            },
          ]}
        />
      </Card>
    </>
  );
}

function Budgets({
  app,
  environment,
  report: { budgets },
}: {
  app: string;
  environment: Environment;
  report: CostReport;
}) {
  const viewer = useViewer();
  const refused = viewer.refusal("configure", app);
  const [kind, setKind] = useState<Kind>("month");
  const [most, setMost] = useState("");
  const [provider, setProvider] = useState("");
  const set = useAct(
    () => call("setBudget", { app, environment, kind, provider, most: Number(most) }),
    () => setMost(""),
  );
  const remove = useAct((of: { kind: Kind; provider: string }) =>
    call("removeBudget", { app, environment, ...of }),
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (refused === undefined && Number(most) > 0) set.mutate(undefined);
  };
  return (
    <Card title="Budgets" note="an alert comes at 80 %">
      {budgets.length > 0 && (
        <ul className="mb-4 flex flex-col gap-3">
          {budgets.map(({ kind: of, provider: from, most: limit, actual }) => {
            const used = actual / limit;
            return (
              <li key={`${of} ${from}`} className="flex items-center gap-3 text-sm">
                <span className="w-40 truncate">
                  {from || "All providers"}, {kinds[of]}
                </span>
                <span
                  aria-hidden="true"
                  className="h-2 min-w-16 flex-1 overflow-hidden rounded-full bg-raised"
                >
                  <span
                    className={classes(
                      "block h-full rounded-full",
                      used >= 1 ? "bg-bad" : used >= 0.8 ? "bg-warn" : "bg-good",
                    )}
                    style={{ width: `${Math.min(100, used * 100)}%` }}
                  />
                </span>
                <span className="tabular text-right text-quiet">
                  {amount(of, actual)} of {amount(of, limit)} ({share(used)})
                </span>
                <IconButton
                  label="Remove the budget"
                  icon="trash"
                  refused={refused}
                  onClick={() => remove.mutate({ kind: of, provider: from })}
                />
              </li>
            );
          })}
        </ul>
      )}
      <form onSubmit={submit} className="flex flex-wrap items-end gap-3">
        <Field label="Provider">
          <Input
            placeholder="all"
            wide="w-32"
            value={provider}
            onChange={({ target }) => setProvider(target.value)}
          />
        </Field>
        <Field label="Each">
          <Select value={kind} onChange={({ target }) => setKind(target.value as Kind)}>
            <option value="day">Day, USD</option>
            <option value="month">Month, USD</option>
            <option value="tokens_per_minute">Minute, tokens</option>
          </Select>
        </Field>
        <Field label="At most">
          <Input
            type="number"
            min={0}
            step="any"
            wide="w-28"
            value={most}
            onChange={({ target }) => setMost(target.value)}
          />
        </Field>
        <Button type="submit" busy={set.isPending} refused={refused}>
          Set
        </Button>
      </form>
      {set.error && (
        <div className="mt-3">
          <Fault fault={set.error} />
        </div>
      )}
    </Card>
  );
}
