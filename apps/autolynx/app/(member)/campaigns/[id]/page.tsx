import type { Metadata } from "next";
import { notFound } from "next/navigation";
import { campaignRows } from "../../../../server/campaigns/campaign-routes.ts";
import { within } from "../../../../server/database.ts";
import { uuid } from "../../../../server/http/refused.ts";
import { liveCampaign } from "../../../../server/live/live-stream.ts";
import { callList } from "../../../../server/results/result-routes.ts";
import { CallTable } from "../../../parts/call-table.tsx";
import { currentCaller } from "../../../parts/current-caller.ts";
import { instant, money } from "../../../parts/words.ts";
import { CampaignBoard } from "./campaign-board.tsx";

export const metadata: Metadata = { title: "Campaign" };

export default async function Campaign({ params }: { params: Promise<{ id: string }> }) {
  const { organisation } = await currentCaller();
  const { id } = await params;
  if (!uuid.test(id)) notFound();
  const { campaign, live, calls } = await within(organisation, async (tx) => ({
    campaign: (await campaignRows(tx, id))[0],
    live: await liveCampaign(tx, id),
    calls: await callList(tx, { campaign: id, limit: 25 }),
  }));
  if (!campaign || !live) notFound();
  const window =
    campaign.windowFrom === campaign.windowUntil
      ? "the whole day"
      : `${campaign.windowFrom} to ${campaign.windowUntil}`;
  const days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
  return (
    <>
      <CampaignBoard id={id} name={campaign.name} first={live} />
      {calls.length > 0 && (
        <section className="panel" aria-labelledby="results">
          <div className="heading">
            <h2 id="results">Newest calls</h2>
            <div className="row">
              <a className="button quiet" href={`/api/campaigns/${id}/export?format=csv`} download>
                Export CSV
              </a>
              <a className="button quiet" href={`/api/campaigns/${id}/export?format=json`} download>
                JSON
              </a>
            </div>
          </div>
          <CallTable calls={calls} />
        </section>
      )}
      <section className="panel" aria-labelledby="settings">
        <h2 id="settings">Settings</h2>
        <dl className="facts">
          <dt>Assistant</dt>
          <dd>{campaign.assistant ?? campaign.assistantId}</dd>
          <dt>Number</dt>
          <dd>{campaign.line ?? campaign.lineId}</dd>
          <dt>At once</dt>
          <dd>
            {campaign.cap},{" "}
            {campaign.strictBatching ? "in strict batches" : "each place filled when it is free"}
          </dd>
          <dt>Hours</dt>
          <dd>
            {window} at the contact's local time, {campaign.windowDays.map((day) => days[day - 1]).join(", ")}
          </dd>
          <dt>Attempts</dt>
          <dd>
            {campaign.maxAttempts}, {campaign.retryAfterMinutes} minutes apart
          </dd>
          <dt>Budget</dt>
          <dd>{campaign.budgetMicrodollars === null ? "none" : money(campaign.budgetMicrodollars)}</dd>
          <dt>Made</dt>
          <dd>{instant(campaign.createdAt)}</dd>
          <dt>Started</dt>
          <dd>{instant(campaign.startedAt)}</dd>
        </dl>
      </section>
    </>
  );
}
