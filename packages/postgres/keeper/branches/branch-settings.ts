import type { ServerSettings } from "../../server/server-settings.ts";

/** Over the small settings: a branch has no archive, and after a loss of power it may lack its last moments. */
export const branchSettings: ServerSettings = {
  wal_level: "minimal",
  max_wal_senders: 0,
  synchronous_commit: false,
  max_wal_size: "256MB",
};
