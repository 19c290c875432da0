import type { Client, ClientConfig } from "pg";
import { withSession } from "../client/session.ts";

/** Statements that are done by then need nobody to look. */
const firstLookMs = 500;
const lookEveryMs = 500;

export interface HolderWatch {
  /** Whom the statement was last seen to wait for, for people. */
  seen(): string[];
  stop(): Promise<void>;
}

/** Looks, over a connection of its own, who keeps a client's statement waiting: afterwards nobody could say. */
export function watchHolders(client: Client, connection: ClientConfig | string): HolderWatch {
  let seen: string[] = [];
  let watching: Promise<void> = Promise.resolve();
  const ended = Promise.withResolvers<void>();
  let over = false;
  const pid = (client as unknown as { processID: number }).processID;
  const timer = setTimeout(() => {
    watching = withSession(connection, async (observer) => {
      while (!over) {
        const { rows } = await observer.query<Holder>(holdersOf, [pid]);
        if (rows.length > 0) seen = rows.map(describe);
        await Promise.race([Bun.sleep(lookEveryMs), ended.promise]);
      }
    }).catch(() => {
      // No connection is left for us: then it is not known.
    });
  }, firstLookMs);
  return {
    seen: () => seen,
    stop: () => {
      over = true;
      clearTimeout(timer);
      ended.resolve();
      return watching;
    },
  };
}

interface Holder {
  pid: number;
  name: string | null;
  state: string | null;
  seconds: number | null;
}

/** https://www.postgresql.org/docs/18/functions-info.html: pg_blocking_pids() */
const holdersOf = `SELECT pid, nullif(application_name, '') AS name, state, extract(epoch FROM now() - xact_start)::int AS seconds
  FROM pg_stat_activity WHERE pid = ANY (pg_blocking_pids($1)) ORDER BY pid LIMIT 5`;

function describe({ pid, name, state, seconds }: Holder): string {
  const since = seconds === null ? "" : ` for ${seconds} s`;
  return `process ${pid}${name === null ? "" : ` (${name})`}, ${state ?? "of another role"}${since}`;
}
