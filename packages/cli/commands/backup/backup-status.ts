import type { PlatformProtection } from "@evenkeel/model";
import type { Command } from "commander";
import { formatAge, formatTable } from "../../output/table.ts";
import { withControl } from "../../platform/control.ts";
import { followWork } from "../db/database-options.ts";

export function registerBackupStatus(backup: Command): void {
  backup
    .command("status")
    .summary("show where archives are and how far they have come")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel backup status")
    .action(async (options: { json?: boolean }) =>
      show(await withControl((client) => client.getProtection()), options),
    );
  backup
    .command("now")
    .summary("take a backup of the platform now")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nReturns when it is whole in the archive.\n\nExample:\n  evenkeel backup now")
    .action(async (options: { json?: boolean }) => {
      const { platform } = await withControl((client) => followWork(client.backUpPlatform({}), options.json));
      show(platform, options);
    });
}

export function show(protection: PlatformProtection, options: { json?: boolean }): void {
  if (options.json) return void console.log(JSON.stringify(protection));
  const { archive, database, files, recoveryKeyExported } = protection;
  console.log(
    formatTable(
      ["protected", "state"],
      [
        ["archive", archive],
        ["database archived to", database.error?.message ?? age(database.archivedToMs)],
        ["newest backup of it", age(database.newestBackupMs)],
        ["files copied", files.error?.message ?? age(files.copiedAtMs)],
        ["recovery key", recoveryKeyExported ? "taken out" : "nobody has it"],
      ],
    ),
  );
  for (const reminder of reminders(protection)) console.log(`\n→ ${reminder}`);
}

const age = (ms: number | undefined): string => (ms === undefined ? "not yet" : formatAge(ms));

/** What only a person can do, until it is done. */
export function reminders({ onThisMachine, recoveryKeyExported }: PlatformProtection): string[] {
  return [
    ...(recoveryKeyExported
      ? []
      : [
          "Nobody has the recovery key: without it no backup can be read once this machine is lost. evenkeel backup export-key FILE",
        ]),
    ...(onThisMachine
      ? ["Backups are in the data directory and go with it. Keep them elsewhere: evenkeel backup to PLACE"]
      : []),
  ];
}
