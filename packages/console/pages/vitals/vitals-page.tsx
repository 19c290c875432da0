import type { AnalyticsReport, VitalsRow } from "@evenkeel/control/api/contract/index";
import { useMemo, useState } from "react";
import { useAppEnvironment } from "../../api/environment.ts";
import { useApi } from "../../api/use-api.ts";
import { Answer, Empty } from "../../kit/answer.tsx";
import { Card, Stat, Stats } from "../../kit/card.tsx";
import { Choice } from "../../kit/field.tsx";
import { count, duration } from "../../kit/format.ts";
import { Page } from "../../kit/page.tsx";
import { Badge, type Tone } from "../../kit/status.tsx";
import { Table } from "../../kit/table.tsx";
import { EnvironmentChoice } from "../../shell/environment-choice.tsx";

/** Good up to the first, poor above the second: https://web.dev/articles/vitals. */
const bounds: Record<string, [number, number]> = {
  LCP: [2_500, 4_000],
  INP: [200, 500],
  CLS: [0.1, 0.25],
  FCP: [1_800, 3_000],
  TTFB: [800, 1_800],
};

const dayMs = 86_400_000;

export function VitalsPage() {
  const { app, environment } = useAppEnvironment();
  const [days, setDays] = useState<"1" | "7" | "30">("7");
  const fromMs = useMemo(() => Math.floor(Date.now() / 60_000) * 60_000 - Number(days) * dayMs, [days]);
  const vitals = useApi("getVitals", { app, environment, fromMs }, { everyMs: 60_000, keep: true });
  const visits = useApi(
    "getAnalytics",
    { app, environment, fromMs, limit: 10 },
    { everyMs: 60_000, keep: true },
  );
  return (
    <Page
      title="Vitals and visitors"
      about="How fast its pages are for three quarters of the people who open them, and who they are. No cookies, nothing of a third party."
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
      <Answer query={vitals}>{({ vitals: rows }) => <Vitals rows={rows} />}</Answer>
      <Answer query={visits}>{(report) => <Visitors report={report} />}</Answer>
    </Page>
  );
}

function Vitals({ rows }: { rows: VitalsRow[] }) {
  const routes = [...new Set(rows.map(({ route }) => route))];
  if (rows.length === 0) {
    return (
      <Card title="Web vitals">
        <Empty icon="gauge" title="No page has reported yet">
          <p>
            Add <code className="font-mono text-xs">@vercel/speed-insights</code> to the app: it reports here,
            not to Vercel.
          </p>
        </Empty>
      </Card>
    );
  }
  const names = Object.keys(bounds).filter((name) => rows.some((row) => row.name === name));
  return (
    <Card title="Web vitals" note="at the 75th percentile" flush>
      <Table
        label="Web vitals by route"
        items={routes}
        keyOf={(route) => route}
        columns={[
          { title: "Route", cell: (route) => <span className="font-mono text-xs">{route}</span> },
          ...names.map((name) => ({
            title: name,
            right: true,
            cell: (route: string) => {
              const row = rows.find((each) => each.route === route && each.name === name);
              return row ? <Vital row={row} /> : <span className="text-faint">–</span>;
            },
          })),
        ]}
      />
    </Card>
  );
}

function Vital({ row: { name, p75, samples } }: { row: VitalsRow }) {
  const [good, poor] = bounds[name] ?? [0, 0];
  const tone: Tone = p75 <= good ? "good" : p75 <= poor ? "warn" : "bad";
  return (
    <span title={`${samples} page loads`}>
      <Badge tone={tone}>{name === "CLS" ? p75.toFixed(3) : duration(p75)}</Badge>
    </span>
  );
}

function Visitors({ report }: { report: AnalyticsReport }) {
  const lists: [string, AnalyticsReport["pages"]][] = [
    ["Pages", report.pages],
    ["Referrers", report.referrers],
    ["Browsers", report.browsers],
    ["Systems", report.systems],
    ["Devices", report.devices],
    ["Events", report.events],
  ];
  return (
    <>
      <Stats>
        <Stat label="Visitors">{count(report.visitors)}</Stat>
        <Stat label="Views">{count(report.views)}</Stat>
        <Stat label="Views of each">
          {report.visitors === 0 ? "–" : (report.views / report.visitors).toFixed(1)}
        </Stat>
      </Stats>
      {report.views === 0 ? (
        <Card title="Visitors">
          <Empty icon="people" title="No visits are counted yet">
            <p>
              Add <code className="font-mono text-xs">@vercel/analytics</code> to the app: it reports here,
              not to Vercel.
            </p>
          </Empty>
        </Card>
      ) : (
        <div className="grid gap-5 sm:grid-cols-2 lg:grid-cols-3">
          {lists
            .filter(([, list]) => list.length > 0)
            .map(([title, list]) => (
              <Card key={title} title={title}>
                <ol className="flex flex-col gap-1.5 text-sm">
                  {list.map(({ value, visitors }) => (
                    <li key={value} className="flex items-center gap-3">
                      <span className="min-w-0 flex-1 truncate" title={value}>
                        {value || "direct"}
                      </span>
                      <span className="tabular text-quiet">{count(visitors)}</span>
                    </li>
                  ))}
                </ol>
              </Card>
            ))}
        </div>
      )}
    </>
  );
}
