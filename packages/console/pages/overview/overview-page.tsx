import type { App, AppCondition } from "@evenkeel/control/api/contract/index";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { useApi } from "../../api/use-api.ts";
import { Answer, Empty } from "../../kit/answer.tsx";
import { Copyable } from "../../kit/copy.tsx";
import { Input } from "../../kit/field.tsx";
import { plural } from "../../kit/format.ts";
import { Page } from "../../kit/page.tsx";
import { Rows } from "../../kit/rows.tsx";
import { AppRow, AppRowHead } from "./app-row.tsx";

const measuresEveryMs = 15_000;
const searchedFrom = 8;

/** Every app at a glance; what needs somebody comes first. */
export function OverviewPage() {
  const apps = useApi("listApps", {});
  const conditions = useApi("listConditions", {}, { everyMs: measuresEveryMs });
  const { q = "" } = useSearch({ from: "/shell/" });
  const navigate = useNavigate();
  const byApp = useMemo(
    () => new Map(conditions.data?.conditions.map((condition) => [condition.app, condition])),
    [conditions.data],
  );
  const sorted = useMemo(() => inOrder(apps.data?.apps ?? [], byApp, q), [apps.data, byApp, q]);
  return (
    <Page
      title="Apps"
      about={apps.data && apps.data.apps.length > 0 ? summary(apps.data.apps, byApp) : undefined}
      actions={
        (apps.data?.apps.length ?? 0) >= searchedFrom && (
          <Input
            type="search"
            aria-label="Find an app"
            placeholder="Find an app"
            wide="w-40 sm:w-56"
            value={q}
            onChange={({ target }) =>
              void navigate({
                to: "/",
                search: target.value === "" ? {} : { q: target.value },
                replace: true,
              })
            }
          />
        )
      }
    >
      <Answer query={apps} rows={6}>
        {({ apps: all }) =>
          all.length === 0 ? (
            <section className="rounded-lg border border-line bg-panel">
              <Empty icon="rocket" title="Nothing is deployed yet">
                <p>Deploy a folder, and it stands here with its traffic, its health and its runbook.</p>
                <p className="mt-4">
                  <Copyable text="evenkeel deploy path/to/app --prod" />
                </p>
              </Empty>
            </section>
          ) : (
            <section className="overflow-hidden rounded-lg border border-line bg-panel">
              {sorted.length === 0 ? (
                <p className="p-8 text-center text-sm text-quiet">No app has “{q}” in its name.</p>
              ) : (
                <Rows
                  label="Apps"
                  items={sorted}
                  keyOf={({ name }) => name}
                  heightPx={57}
                  head={<AppRowHead />}
                >
                  {(app) => <AppRow app={app} condition={byApp.get(app.name)} />}
                </Rows>
              )}
            </section>
          )
        }
      </Answer>
    </Page>
  );
}

const needsSomebody = (condition: AppCondition | undefined): number =>
  condition === undefined
    ? 0
    : condition.incidents > 0
      ? 3
      : condition.health === "failing" || (condition.runbook?.breached ?? 0) > 0
        ? 2
        : condition.health === "doubtful"
          ? 1
          : 0;

function inOrder(apps: App[], conditions: Map<string, AppCondition>, text: string): App[] {
  const words = text.toLowerCase();
  return apps
    .filter(({ name }) => name.includes(words))
    .sort((a, b) => needsSomebody(conditions.get(b.name)) - needsSomebody(conditions.get(a.name)));
}

function summary(apps: App[], conditions: Map<string, AppCondition>): string {
  const troubled = apps.filter(({ name }) => needsSomebody(conditions.get(name)) >= 2).length;
  return `${plural(apps.length, "app")}, ${troubled === 0 ? "none in trouble" : `${troubled} in trouble`}`;
}
