import type { ServerSettings } from "../../server/server-settings.ts";

/** Over the small settings: a branch has no archive, and after a loss of power it may lack its last moments. */
export const branchSettings: ServerSettings = {
  wal_level: "minimal",
  max_wal_senders: 0,
  synchronous_commit: false,
  max_wal_size: "256MB",
  // The first start recovers a copy that is on disk already; to sync its thousand files one by one takes as long as to make them.
  ...(process.platform === "linux" ? { recovery_init_sync_method: "syncfs" } : {}),
};
