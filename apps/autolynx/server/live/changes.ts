import { listener, type Sql } from "../database.ts";
import { log } from "../log.ts";

type Watcher = (campaign: string) => void;

const watchers = new Map<string, Set<Watcher>>();
let connection: Sql | undefined;
let starting: Promise<void> | undefined;

/** Everybody may have missed something: after a lost connection. */
function wakeAll(): void {
  for (const set of watchers.values()) for (const watcher of set) watcher("*");
}

/**
 * Calls `watcher` with a campaign's id whenever anything of it changed, or `*` where anything may have. One connection listens for all watchers of this
 * instance, and closes with the last of them.
 *
 * @returns ends it
 */
export async function watchChanges(organisation: string, watcher: Watcher): Promise<() => void> {
  const set = watchers.get(organisation) ?? new Set();
  watchers.set(organisation, set.add(watcher));
  const stop = () => {
    set.delete(watcher);
    if (set.size === 0) watchers.delete(organisation);
    if (watchers.size > 0 || !connection) return;
    const idle = connection;
    connection = undefined;
    starting = undefined;
    idle.end({ timeout: 2 }).catch(() => {});
  };
  starting ??= listen();
  try {
    await starting;
  } catch (error) {
    starting = undefined;
    stop();
    throw error;
  }
  return stop;
}

async function listen(): Promise<void> {
  connection = listener();
  await connection.listen(
    "autolynx",
    (payload) => {
      const [organisation, campaign] = payload.split(" ");
      for (const watcher of watchers.get(organisation!) ?? []) watcher(campaign!);
    },
    // Also when a lost connection is there again.
    wakeAll,
  );
  log("debug", "Listening for changes");
}
