import { chownSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ServerAccount } from "./server-account.ts";

/** Included by `postgresql.conf`; empty while autovacuum works. */
export const restingFile = "resting.conf";

/** Before each start. */
export function wakeAutovacuum(dataDir: string, account: ServerAccount | undefined): void {
  const path = join(dataDir, restingFile);
  writeFileSync(path, "", { mode: 0o600 });
  if (account) chownSync(path, account.uid, account.gid);
}

/**
 * Ends or begins again the autovacuum of a running server, whose launcher takes 0.8 MB and starts a process every minute to find nothing to do.
 * The vacuum that prevents wraparound runs in both cases. Every start of a server begins with autovacuum.
 */
export function switchAutovacuum(server: { dataDir: string; reload(): void }, on: boolean): void {
  const path = join(server.dataDir, restingFile);
  const text = on ? "" : "autovacuum = off\n";
  // A server that an earlier version has started includes none.
  if (!existsSync(path) || readFileSync(path, "utf8") === text) return;
  // Written in place: one line or none, and a start empties it.
  writeFileSync(path, text);
  server.reload();
}
