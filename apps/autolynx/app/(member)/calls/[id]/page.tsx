import type { Metadata } from "next";
import Link from "next/link";
import { notFound } from "next/navigation";
import { within } from "../../../../server/database.ts";
import { uuid } from "../../../../server/http/refused.ts";
import { callOf } from "../../../../server/results/result-routes.ts";
import { Badge } from "../../../parts/badge.tsx";
import { currentCaller } from "../../../parts/current-caller.ts";
import { LiveRefresh } from "../../../parts/live-refresh.tsx";
import { duration, instant, money } from "../../../parts/words.ts";

export const metadata: Metadata = { title: "Call" };

export default async function Call({ params }: { params: Promise<{ id: string }> }) {
  const { organisation } = await currentCaller();
  const { id } = await params;
  if (!uuid.test(id)) notFound();
  const [call] = await within(organisation, (tx) => callOf(tx, id));
  if (!call) notFound();
  const fields = Object.entries(call.fields).filter(([, value]) => value !== "");
  const structured = Object.entries(call.structured ?? {}).filter(
    ([name]) => name !== "outcome" && name !== "sentiment",
  );
  return (
    <>
      {!call.settled && <LiveRefresh campaign={call.campaignId} />}
      <div className="heading">
        <div>
          <small>
            <Link href={`/campaigns/${call.campaignId}`} prefetch={false}>
              {call.campaign}
            </Link>
          </small>
          <h1>{call.name || call.phone}</h1>
          <div className="row">
            <Badge of={call.status} />
            {call.outcome && <Badge of={call.outcome} />}
            {call.sentiment && <Badge of={call.sentiment} />}
          </div>
        </div>
      </div>
      <div className="two">
        <section className="panel" aria-labelledby="said">
          <h2 id="said">What was said</h2>
          {call.recordingUrl && (
            // biome-ignore lint/a11y/useMediaCaption: the transcript is below
            <audio
              controls
              preload="none"
              src={`/api/calls/${call.id}/recording`}
              aria-label="Recording of the call"
            />
          )}
          {call.transcript ? (
            <ol className="said">
              {linesOf(call.transcript).map(({ who, text, key }) => (
                <li key={key} className={who === "User" ? "person" : ""}>
                  <small className="speaker">{who === "User" ? call.name || "Contact" : "Assistant"}</small>
                  {text}
                </li>
              ))}
            </ol>
          ) : (
            <small>
              {call.settled ? "Nothing was said." : "The transcript comes when the call has ended."}
            </small>
          )}
        </section>
        <section className="panel" aria-labelledby="facts">
          <h2 id="facts">What it came to</h2>
          {call.summary && <p>{call.summary}</p>}
          <dl className="facts">
            <dt>Successful</dt>
            <dd>{call.success === null ? "–" : call.success ? "yes" : "no"}</dd>
            {structured.map(([name, value]) => (
              <Fact
                key={name}
                name={name}
                value={typeof value === "string" ? value || "–" : JSON.stringify(value)}
              />
            ))}
            <dt>Number</dt>
            <dd>{call.phone}</dd>
            <dt>Attempt</dt>
            <dd>{call.attempt}</dd>
            <dt>Asked for</dt>
            <dd>{instant(call.intendedAt)}</dd>
            <dt>Lasted</dt>
            <dd>{duration(call.durationMs)}</dd>
            <dt>Cost</dt>
            <dd>{money(call.costMicrodollars)}</dd>
            <dt>Ended because</dt>
            <dd>
              <code>{call.endedReason ?? "–"}</code>
            </dd>
            {call.oddities.length > 0 && <Fact name="Odd about it" value={call.oddities.join(", ")} />}
            {fields.map(([name, value]) => (
              <Fact key={`field ${name}`} name={name} value={value} />
            ))}
          </dl>
        </section>
      </div>
    </>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}

/** `AI: …` and `User: …`, a line each; what has neither belongs to the line before. */
function linesOf(transcript: string): { who: string; text: string; key: string }[] {
  const lines: { who: string; text: string; key: string }[] = [];
  for (const [index, line] of transcript.split("\n").entries()) {
    const said = /^(AI|User): (.*)$/.exec(line);
    if (said) lines.push({ who: said[1]!, text: said[2]!, key: `${index}` });
    else if (line.trim() !== "" && lines.length > 0) lines.at(-1)!.text += `\n${line}`;
  }
  return lines;
}
