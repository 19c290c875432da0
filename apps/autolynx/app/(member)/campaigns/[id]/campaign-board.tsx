"use client";
import Link from "next/link";
import { useRouter } from "next/navigation";
import { useEffect, useRef, useState } from "react";
import type { LiveCampaign } from "../../../../server/live/live-stream.ts";
import { ask } from "../../../parts/ask.ts";
import { Badge } from "../../../parts/badge.tsx";
import { Bars, Shares } from "../../../parts/charts.tsx";
import { Failure } from "../../../parts/failure.tsx";
import { useLive } from "../../../parts/use-live.ts";
import { duration, money, percent } from "../../../parts/words.ts";
import { ContactUpload } from "./contact-upload.tsx";

const actions: Record<string, [string, string, string][]> = {
  draft: [["start", "Start", ""]],
  running: [
    ["pause", "Pause", "quiet"],
    ["cancel", "Cancel", "danger"],
  ],
  paused: [
    ["resume", "Resume", ""],
    ["cancel", "Cancel", "danger"],
  ],
};

/** How a campaign stands, live, and what can be done about it. */
export function CampaignBoard({ id, name, first }: { id: string; name: string; first: LiveCampaign }) {
  const router = useRouter();
  const { news, connected } = useLive(`?campaign=${id}`, first);
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const { status, pauseReason, summary, active, cap, lineHealth } = news;
  const { contacts, calls } = summary;
  // The list of results below is the server's: fetched again when calls have ended, every two seconds at most.
  const shown = useRef({ ended: calls.ended, status });
  const latest = useRef(shown.current);
  const refreshing = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => {
    latest.current = { ended: calls.ended, status };
    const { current } = shown;
    if (refreshing.current || (calls.ended === current.ended && status === current.status)) return;
    refreshing.current = setTimeout(() => {
      refreshing.current = undefined;
      shown.current = latest.current;
      router.refresh();
    }, 2_000);
  }, [calls.ended, status, router]);
  useEffect(() => () => clearTimeout(refreshing.current), []);
  const act = async (action: string) => {
    if (
      action === "cancel" &&
      !confirm("Nobody more is called then, and it cannot be taken back. Cancel it?")
    )
      return;
    setBusy(true);
    setError(undefined);
    try {
      await ask("POST", `/campaigns/${id}/${action}`);
    } catch (refusal) {
      setError(refusal);
    }
    setBusy(false);
  };
  const editable = status === "draft" || status === "paused";
  return (
    <>
      <div className="heading">
        <div>
          <small>
            <Link href="/" prefetch={false}>
              Campaigns
            </Link>
          </small>
          <h1>{name}</h1>
          <div className="row" aria-live="polite">
            <Badge of={status} />
            <small>{connected ? "Live" : "Connecting again …"}</small>
          </div>
        </div>
        <div className="row">
          {(actions[status] ?? []).map(([action, word, look]) => (
            <button
              key={action}
              type="button"
              className={look}
              disabled={busy || (action === "start" && contacts.pending === 0)}
              onClick={() => act(action)}
            >
              {word}
            </button>
          ))}
          {status === "draft" && (
            <button
              type="button"
              className="danger"
              disabled={busy}
              onClick={async () => {
                if (!confirm("Delete this draft and its contacts?")) return;
                await ask("DELETE", `/campaigns/${id}`).then(() => location.assign("/"), setError);
              }}
            >
              Delete
            </button>
          )}
        </div>
      </div>
      <Failure error={error} />
      {pauseReason && <div className="notice">{pauseReason}</div>}
      {lineHealth === "unhealthy" && (
        <div className="notice">The number is not healthy: nobody is called until it is again.</div>
      )}
      {editable && <ContactUpload id={id} hasContacts={contacts.total > 0} />}
      {contacts.total > 0 && (
        <>
          <dl className="figures">
            <div>
              <dt>Contacts done</dt>
              <dd>
                {(contacts.done + contacts.skipped).toLocaleString("en")}{" "}
                <small className="unit">of {contacts.total.toLocaleString("en")}</small>
              </dd>
            </div>
            <div>
              <dt>Under way</dt>
              <dd>
                {calls.active} <small className="unit">of {cap}</small>
              </dd>
            </div>
            <div>
              <dt>Answered</dt>
              <dd>{(calls.byStatus["COMPLETED"] ?? 0).toLocaleString("en")}</dd>
            </div>
            <div>
              <dt>Successful</dt>
              <dd>{percent(summary.successRate)}</dd>
            </div>
            <div>
              <dt>Average call</dt>
              <dd>{duration(summary.averageDurationMs)}</dd>
            </div>
            <div>
              <dt>Cost</dt>
              <dd>{money(summary.costMicrodollars)}</dd>
            </div>
          </dl>
          <progress
            max={contacts.total}
            value={contacts.done + contacts.skipped}
            aria-label={`${contacts.done + contacts.skipped} of ${contacts.total} contacts`}
          />
        </>
      )}
      {calls.active + calls.ended > 0 && (
        <div className="two">
          <section className="panel" aria-labelledby="under-way">
            <h2 id="under-way">Under way</h2>
            {active.length === 0 ? (
              <small>Nobody is being called now</small>
            ) : (
              <div className="scroll">
                <table>
                  <tbody>
                    {active.map((call) => (
                      <tr key={call.id}>
                        <td>
                          {call.name || call.phone}
                          {call.name && (
                            <div>
                              <small>{call.phone}</small>
                            </div>
                          )}
                        </td>
                        <td>
                          <Badge of={call.status} />
                        </td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            )}
          </section>
          <section className="panel" aria-labelledby="ends">
            <h2 id="ends">How calls ended</h2>
            <Shares of={ended(calls.byStatus)} label="How calls ended" />
            <h2>How people felt</h2>
            <Shares of={summary.sentiments} label="How people felt" />
            <h2>By quarter of an hour</h2>
            <Bars
              label="Calls that ended, by quarter of an hour"
              unit={(value) => `${Math.round(value)} calls`}
              bars={summary.timeline.map(({ at, completed, other }) => ({
                label: at.slice(11, 16),
                parts: [
                  { value: completed, tone: "good" },
                  { value: other, tone: "soft" },
                ],
              }))}
            />
          </section>
        </div>
      )}
    </>
  );
}

const ends = ["COMPLETED", "VOICEMAIL", "NO_ANSWER", "BUSY", "FAILED", "CANCELED"];

const ended = (byStatus: Record<string, number>): Record<string, number> =>
  Object.fromEntries(ends.map((status) => [status, byStatus[status] ?? 0]));
