/**
 * A keeper that ends as by `kill -9` at a step of a failover of its only database, whose primary it makes hang first. Arguments: data directory
 * of the platform, step.
 */
import { homeLayout } from "@evenkeel/model";
import { DatabaseKeeper } from "../keeper/database-keeper.ts";
import { databasePlace } from "../keeper/database-place.ts";
import { readRecords } from "../keeper/database-record.ts";
import { readPostmasterFile } from "../server/postmaster-file.ts";
import { unsafeSettings } from "../server/server-settings.ts";

const [home, step] = process.argv.slice(2) as [string, string];
const layout = homeLayout(home);
const [record] = readRecords(layout);
const { app, environment } = record!;
const keeper = new DatabaseKeeper(
  layout,
  { ...unsafeSettings, full_page_writes: true },
  {
    standbyLookMs: 300,
    onFailoverStep: (now) => {
      if (now === step) process.kill(process.pid, "SIGKILL");
    },
  },
);
keeper.open();
await keeper.answer({ type: "ensure", appId: record!.appId, app, environment }, () => {});
process.kill(readPostmasterFile(databasePlace(layout, record!).dataDir)!.pid, "SIGSTOP");
await keeper.answer({ type: "failover", by: "test", reason: "rehearsal", app, environment }, () => {});
