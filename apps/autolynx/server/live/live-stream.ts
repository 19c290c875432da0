import type { Caller } from "../access/session.ts";
import { campaignRows } from "../campaigns/campaign-routes.ts";
import { type Scoped, within } from "../database.ts";
import { log } from "../log.ts";
import { type ActiveCall, activeCalls, type Summary, summaryOf } from "../results/summary.ts";
import { watchChanges } from "./changes.ts";

/** What a page that watches a campaign gets. */
export interface LiveCampaign {
  status: string;
  pauseReason: string | null;
  lineHealth: string;
  cap: number;
  summary: Summary;
  active: ActiveCall[];
}

/** What a page that watches all of them gets. */
export interface LiveOverview {
  campaigns: LiveRow[];
}

export interface LiveRow {
  id: string;
  name: string;
  status: string;
  pauseReason: string | null;
  cap: number;
  total: number;
  done: number;
  active: number;
  completed: number;
  spentMicrodollars: number;
}

/** News of a burst go out together. */
const gatherMs = 300;
const heartbeatMs = 15_000;
/** Below the longest that hosts let a function run; the browser comes again by itself. */
const longestMs = 280_000;

export async function liveCampaign(tx: Scoped, id: string): Promise<LiveCampaign | undefined> {
  const [campaign] = await campaignRows(tx, id);
  if (!campaign) return undefined;
  const { status, pauseReason, lineHealth, cap, cohort } = campaign;
  return {
    ...{ status, pauseReason, lineHealth, cap },
    summary: await summaryOf(tx, { id, cohort }),
    active: [...(await activeCalls(tx, { id, cohort }))],
  };
}

export async function liveOverview(tx: Scoped): Promise<LiveOverview> {
  const campaigns = await tx<LiveRow[]>`
    SELECT c.id, c.name, c.status, c.pause_reason AS "pauseReason", c.cap, c.spent_microdollars AS "spentMicrodollars",
      coalesce(k.total, 0)::int AS total, coalesce(k.done, 0)::int AS done, coalesce(a.active, 0)::int AS active, coalesce(k.completed, 0)::int AS completed
    FROM (SELECT * FROM campaigns ORDER BY status = 'running' DESC, created_at DESC LIMIT 100) c
    LEFT JOIN LATERAL (
      SELECT count(*) AS total, count(*) FILTER (WHERE state IN ('done', 'skipped')) AS done, count(*) FILTER (WHERE outcome = 'COMPLETED') AS completed
      FROM contacts WHERE cohort = c.cohort AND campaign_id = c.id
    ) k ON true
    LEFT JOIN LATERAL (
      SELECT count(*) AS active FROM calls WHERE cohort = c.cohort AND campaign_id = c.id
        AND status IN ('INTENDED', 'UNCERTAIN', 'QUEUED', 'RINGING', 'IN_PROGRESS')
    ) a ON true
    ORDER BY c.status = 'running' DESC, c.created_at DESC`;
  return { campaigns: [...campaigns] };
}

/** Server-sent events: how a campaign, or all of them, stand, at once and whenever that changes. */
export function liveStream(caller: Caller, campaign: string | undefined, signal: AbortSignal): Response {
  const encoder = new TextEncoder();
  let end = () => {};
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      let open = true;
      let stale = false;
      let working = false;
      let stopWatching = () => {};
      const write = (text: string) => {
        if (open) controller.enqueue(encoder.encode(text));
      };
      const heartbeat = setInterval(() => write(": here\n\n"), heartbeatMs);
      const limit = setTimeout(() => end(), longestMs);
      end = () => {
        if (!open) return;
        open = false;
        clearInterval(heartbeat);
        clearTimeout(limit);
        stopWatching();
        try {
          controller.close();
        } catch {
          // The reader was quicker.
        }
      };
      signal.addEventListener("abort", () => end());
      const send = async () => {
        stale = true;
        if (working) return;
        working = true;
        try {
          while (open && stale) {
            stale = false;
            const news = await within<LiveCampaign | LiveOverview | undefined>(caller.organisation, (tx) =>
              campaign === undefined ? liveOverview(tx) : liveCampaign(tx, campaign),
            );
            if (news === undefined) return end();
            write(`data: ${JSON.stringify(news)}\n\n`);
            await new Promise((resolve) => setTimeout(resolve, gatherMs));
          }
        } catch (error) {
          log("warn", "A live view failed", { error });
          end();
        } finally {
          working = false;
        }
      };
      write("retry: 2000\n\n");
      try {
        stopWatching = await watchChanges(caller.organisation, (changed) => {
          if (changed === "*" || campaign === undefined || changed === campaign) void send();
        });
        if (!open) stopWatching();
        void send();
      } catch (error) {
        log("warn", "Nothing can be watched now", { error });
        end();
      }
    },
    cancel: () => end(),
  });
  return new Response(body, {
    headers: {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store, no-transform",
      "x-accel-buffering": "no",
    },
  });
}
