/** PostgreSQL settings by name (https://www.postgresql.org/docs/18/runtime-config.html), values as in `postgresql.conf`. */
export type ServerSettings = Record<string, string | number | boolean>;

/**
 * For many small clusters on one machine: an idle one takes 9 MB (PSS) in five processes, and twenty together 6 MB each, where
 * PostgreSQL's defaults take 26 MB in nine. Whoever needs more says so by `settings`.
 */
export const smallSettings: ServerSettings = {
  // The system's cache does the rest.
  shared_buffers: "16MB",
  wal_buffers: "128kB",
  max_connections: 60,
  superuser_reserved_connections: 3,
  work_mem: "4MB",
  maintenance_work_mem: "64MB",
  // Worker processes for asynchronous reads would double the idle memory.
  io_method: "sync",
  // Handles of asynchronous reads, which are not used, would take 2 MB.
  io_max_concurrency: 1,
  // Of SERIALIZABLE transactions; they coarsen to whole pages and tables earlier. The default takes 1 MB.
  max_pred_locks_per_transaction: 10,
  // 2,300 table locks at a time in all.
  max_locks_per_transaction: 32,
  // Room for as many as run at once. PostgreSQL keeps it for 16, each with its share of all locks.
  autovacuum_worker_slots: 3,
  // No logical replication launcher.
  max_logical_replication_workers: 0,
  max_worker_processes: 4,
  max_parallel_workers_per_gather: 0,
  wal_level: "replica",
  max_wal_senders: 6,
  max_replication_slots: 6,
  min_wal_size: "32MB",
  max_wal_size: "512MB",
  checkpoint_completion_target: 0.9,
  // Compiling small queries costs more than it saves, and a backend that has compiled keeps 20 MB.
  jit: false,
  // A query whose client is gone ends, instead of holding its locks to the end.
  client_connection_check_interval: "5s",
  // Half-open clients are noticed within a minute.
  tcp_keepalives_idle: 30,
  tcp_keepalives_interval: 10,
  tcp_keepalives_count: 3,
  log_checkpoints: false,
  log_line_prefix: "%m [%p] %q%u@%d ",
  log_timezone: "UTC",
  timezone: "UTC",
  // The npm package bundles an OpenSSL that has no more updates; traffic never leaves the machine.
  ssl: false,
};

/** For clusters that nobody misses after a loss of power: tests, throw-away restores. A killed server loses nothing. */
export const unsafeSettings: ServerSettings = {
  fsync: false,
  full_page_writes: false,
  // New WAL segments are sparse: 16 MB less to write at each start and restore.
  wal_init_zero: false,
};

/** `postgresql.conf` of a cluster. Strings are quoted as PostgreSQL wants them. */
export function renderSettings(settings: ServerSettings): string {
  const lines = Object.entries(settings)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name} = ${renderValue(value)}`);
  return ["# Evenkeel writes this file at each start; ALTER SYSTEM overrides it.", ...lines, ""].join("\n");
}

function renderValue(value: string | number | boolean): string {
  if (typeof value === "boolean") return value ? "on" : "off";
  if (typeof value === "number") return String(value);
  return `'${value.replaceAll("'", "''")}'`;
}
