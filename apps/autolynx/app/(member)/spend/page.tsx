import type { Metadata } from "next";
import Link from "next/link";
import { within } from "../../../server/database.ts";
import { spendOf } from "../../../server/results/result-routes.ts";
import { Bars } from "../../parts/charts.tsx";
import { currentCaller } from "../../parts/current-caller.ts";
import { instant, money } from "../../parts/words.ts";

export const metadata: Metadata = { title: "Spend" };

export default async function Spend() {
  const { organisation } = await currentCaller();
  const { days, campaigns, month, alerts } = await within(organisation, spendOf);
  return (
    <>
      <h1>Spend</h1>
      <dl className="figures">
        <div>
          <dt>This month</dt>
          <dd>{money(month.spentMicrodollars)}</dd>
        </div>
        <div>
          <dt>Budget of the month</dt>
          <dd>{month.budgetMicrodollars === null ? "none" : money(month.budgetMicrodollars)}</dd>
        </div>
        <div>
          <dt>Calls in 30 days</dt>
          <dd>{days.reduce((sum, { calls }) => sum + calls, 0).toLocaleString("en")}</dd>
        </div>
      </dl>
      {alerts.length > 0 && (
        <section className="panel" aria-labelledby="alerts">
          <h2 id="alerts">Alerts</h2>
          {alerts.map((alert) => (
            <div
              key={`${alert.scope} ${alert.thresholdPercent}`}
              className={alert.thresholdPercent >= 100 ? "bad" : "warn"}
            >
              {alert.thresholdPercent} % of {money(alert.budgetMicrodollars)} were spent for{" "}
              {campaigns.find(({ id }) => alert.scope === `campaign ${id}`)?.name ?? alert.scope}{" "}
              <small>{instant(alert.raisedAt)}</small>
            </div>
          ))}
        </section>
      )}
      <section className="panel" aria-labelledby="days">
        <h2 id="days">By day</h2>
        <Bars
          label="Spend by day, the last 30"
          unit={(value) => money(value)}
          bars={days.map(({ day, costMicrodollars }) => ({
            label: day,
            parts: [{ value: costMicrodollars, tone: "accent" }],
          }))}
        />
      </section>
      <section className="panel" aria-labelledby="campaigns">
        <h2 id="campaigns">By campaign</h2>
        {campaigns.length === 0 ? (
          <small>Nothing was spent yet</small>
        ) : (
          <table>
            <tbody>
              {campaigns.map((campaign) => (
                <tr key={campaign.id}>
                  <td>
                    <Link href={`/campaigns/${campaign.id}`} prefetch={false}>
                      {campaign.name}
                    </Link>
                  </td>
                  <td className="number">
                    {money(campaign.spentMicrodollars)}
                    {campaign.budgetMicrodollars !== null && (
                      <small> of {money(campaign.budgetMicrodollars)}</small>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </section>
    </>
  );
}
