import { type DatabaseReport, formatDuration, type PlatformProtection } from "@evenkeel/model";

/** What is promised about backups and is not kept now, in sentences. Pure. */
export function protectionAlerts(
  { database, files }: PlatformProtection,
  databases: DatabaseReport[],
): string[] {
  return [
    ...archiveAlert("the platform's database", database.error?.message, database.behindMs),
    ...(files.error ? [`The platform's files are not copied: ${files.error.message}`] : []),
    ...databases.flatMap(({ app, environment, archiveError, archiveBehindMs }) =>
      archiveAlert(`the database of ${app}/${environment}`, archiveError?.message, archiveBehindMs),
    ),
  ];
}

function archiveAlert(what: string, error: string | undefined, behindMs: number | undefined): string[] {
  if (error !== undefined) return [`Nothing of ${what} reaches the archive: ${error}`];
  return behindMs === undefined ? [] : [`The archive of ${what} is ${formatDuration(behindMs)} behind`];
}
