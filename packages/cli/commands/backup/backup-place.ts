import type { Command } from "commander";
import { type PlaceOptions, readPlace } from "../../platform/archive-place.ts";
import { withControl } from "../../platform/control.ts";
import { followWork } from "../db/database-options.ts";

export function registerBackupPlace(backup: Command): void {
  backup
    .command("to")
    .summary("keep all archives in a folder or bucket")
    .description(
      "From now on archives of the platform and of apps' databases are in this place, beginning with new backups. What was archived before stays where it is. A bucket needs a service with conditional writes; its keys come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
    )
    .argument("<place>", "a folder, or s3://bucket/prefix")
    .option("--endpoint <url>", "of a service other than Amazon's (default AWS_ENDPOINT_URL)")
    .option("--region <name>", "of the bucket (default AWS_REGION, else us-east-1)")
    .option("--json", "print as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  evenkeel backup to /mnt/backups\n  evenkeel backup to s3://acme-backups/evenkeel --endpoint https://s3.example.com",
    )
    .action(async (text: string, options: PlaceOptions & { json?: boolean }) => {
      const place = readPlace(text, options);
      const { platform } = await withControl((client) =>
        followWork(client.placeArchive(place), options.json),
      );
      if (options.json) return void console.log(JSON.stringify(platform));
      console.log(`Archives begin anew in ${platform.archive}; first backups are taken within a minute.`);
      if (platform.onThisMachine) console.log("It is inside the data directory, and goes with it.");
    });
}
