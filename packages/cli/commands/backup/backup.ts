import type { Command } from "commander";
import { registerBackupKey } from "./backup-key.ts";
import { registerBackupPlace } from "./backup-place.ts";
import { registerBackupStatus } from "./backup-status.ts";

export function registerBackup(program: Command): void {
  const backup = program
    .command("backup")
    .summary("the protection of the platform itself, and where archives are")
    .description(
      "The platform's own database is archived and backed up like those of apps, and keys, build outputs and repositories are copied beside it within seconds. From its archive and its recovery key `evenkeel rebuild` makes the platform anew. Backups of apps' databases: evenkeel db backup.",
    )
    .addHelpText(
      "after",
      `
Examples:
  evenkeel backup to /mnt/backups
  evenkeel backup export-key /media/usb/evenkeel.key
  evenkeel backup status`,
    );
  registerBackupStatus(backup);
  registerBackupPlace(backup);
  registerBackupKey(backup);
}
