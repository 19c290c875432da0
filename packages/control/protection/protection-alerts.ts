import {
  archiveTroubles,
  type DatabaseReport,
  databaseTroubles,
  type PlatformProtection,
} from "@evenkeel/model";

/** What is promised about backups and is not kept now, in sentences. Pure. */
export function protectionAlerts(
  { database, files }: PlatformProtection,
  databases: DatabaseReport[],
  nowMs: number = Date.now(),
): string[] {
  return [
    ...archiveTroubles("the platform's database", database.error?.message, database.behindMs),
    ...(files.error ? [`The platform's files are not copied: ${files.error.message}`] : []),
    ...databases.flatMap((report) => databaseTroubles(report, nowMs)),
  ];
}
