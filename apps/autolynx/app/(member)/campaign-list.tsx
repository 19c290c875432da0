"use client";
import Link from "next/link";
import type { LiveOverview } from "../../server/live/live-stream.ts";
import { Badge } from "../parts/badge.tsx";
import { useLive } from "../parts/use-live.ts";
import { money } from "../parts/words.ts";

export function CampaignList({ first }: { first: LiveOverview }) {
  const { news, connected } = useLive("", first);
  const { campaigns } = news;
  const sum = (read: (each: (typeof campaigns)[number]) => number) =>
    campaigns.reduce((total, each) => total + read(each), 0);
  return (
    <>
      <div className="heading">
        <div>
          <h1>Campaigns</h1>
          <small aria-live="polite">
            {connected ? "Live: what changes shows within a second" : "Connecting again …"}
          </small>
        </div>
        <Link className="button" href="/campaigns/new" prefetch={false}>
          New campaign
        </Link>
      </div>
      {campaigns.length === 0 ? (
        <div className="panel empty">
          <h2>No campaign yet</h2>
          <p>
            A campaign calls a list of people with one of your assistants. Make one, add contacts, and start
            it.
          </p>
          <Link className="button" href="/campaigns/new" prefetch={false}>
            Make the first
          </Link>
        </div>
      ) : (
        <>
          <dl className="figures">
            <div>
              <dt>Running</dt>
              <dd>{campaigns.filter(({ status }) => status === "running").length}</dd>
            </div>
            <div>
              <dt>Calls under way</dt>
              <dd>{sum(({ active }) => active)}</dd>
            </div>
            <div>
              <dt>Answered</dt>
              <dd>{sum(({ completed }) => completed).toLocaleString("en")}</dd>
            </div>
            <div>
              <dt>Spent</dt>
              <dd>{money(sum(({ spentMicrodollars }) => spentMicrodollars))}</dd>
            </div>
          </dl>
          <ul className="cards">
            {campaigns.map((campaign) => (
              <li key={campaign.id} className="card">
                <div>
                  <Link className="title" href={`/campaigns/${campaign.id}`} prefetch={false}>
                    {campaign.name}
                  </Link>{" "}
                  <Badge of={campaign.status} />
                  {campaign.pauseReason && <div className="warn">{campaign.pauseReason}</div>}
                </div>
                <div>
                  <progress
                    max={Math.max(1, campaign.total)}
                    value={campaign.done}
                    aria-label={`${campaign.done} of ${campaign.total} contacts`}
                  />
                  <small>
                    {campaign.done.toLocaleString("en")} of {campaign.total.toLocaleString("en")} contacts
                  </small>
                </div>
                <div className="value">
                  <small>Under way</small>
                  {campaign.active} / {campaign.cap}
                </div>
                <div className="value">
                  <small>Answered</small>
                  {campaign.completed.toLocaleString("en")}
                </div>
                <div className="value">
                  <small>Spent</small>
                  {money(campaign.spentMicrodollars)}
                </div>
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}
