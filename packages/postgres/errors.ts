import { EvenkeelError } from "@evenkeel/model";

/** No PostgreSQL 18 for this machine: neither the npm package nor Debian's or PGDG's. */
export class ServerBinariesMissingError extends EvenkeelError {
  readonly code = "postgres_binaries_missing";
  readonly fault = "user";
}

/** The socket's path is longer than the kernel takes. */
export class SocketPathTooLongError extends EvenkeelError {
  readonly code = "socket_path_too_long";
  readonly fault = "user";
}

/** The server's account may not enter a folder on the way to its data or its programs. */
export class FolderUnreachableError extends EvenkeelError {
  readonly code = "folder_unreachable";
  readonly fault = "user";
}

/** No account that `initdb` accepts. */
export class ServerAccountError extends EvenkeelError {
  readonly code = "postgres_account_unsuitable";
  readonly fault = "user";
}

/** A folder that should hold a cluster holds something else, or one of another major version. */
export class DataDirectoryInvalidError extends EvenkeelError {
  readonly code = "data_directory_invalid";
  readonly fault = "user";
}

/** `initdb` failed. */
export class InitialiseClusterError extends EvenkeelError {
  readonly code = "postgres_initialise_failed";
  readonly fault = "platform";
}

/** The server ended while it started, or was not ready within its limit. */
export class ServerStartError extends EvenkeelError {
  readonly code = "postgres_start_failed";
  readonly fault = "platform";
}

/** The server could not be stopped within its limits. */
export class ServerStopError extends EvenkeelError {
  readonly code = "postgres_stop_failed";
  readonly fault = "platform";
}

/** All connections that an app may hold are in use. */
export class ConnectionLimitError extends EvenkeelError {
  readonly code = "database_connections_exhausted";
  readonly fault = "user";
}

/** A key that the archive should hold is not there. */
export class ObjectMissingError extends EvenkeelError {
  readonly code = "archive_object_missing";
  readonly fault = "platform";
}

/** An object of the archive is not, bit for bit, what was stored under its name. */
export class ObjectDamagedError extends EvenkeelError {
  readonly code = "archive_object_damaged";
  readonly fault = "platform";
}

/** The archive was written with another key. */
export class ArchiveKeyError extends EvenkeelError {
  readonly code = "archive_key_wrong";
  readonly fault = "user";
}

/** The archive belongs to another cluster. */
export class ArchiveOwnerError extends EvenkeelError {
  readonly code = "archive_of_another_cluster";
  readonly fault = "user";
}

/** Two different contents for one immutable object: two writers share an archive. */
export class ArchiveConflictError extends EvenkeelError {
  readonly code = "archive_conflict";
  readonly fault = "platform";
}

/** There is no archive where one was named. */
export class ArchiveEmptyError extends EvenkeelError {
  readonly code = "archive_empty";
  readonly fault = "user";
}

/** The archive's place cannot be reached, read or written now: away, full, or closed to us. */
export class ArchiveUnavailableError extends EvenkeelError {
  readonly code = "archive_unavailable";
  readonly fault = "user";
}

/** A recovery key is missing in its file, or was copied wrongly. */
export class RecoveryKeyError extends EvenkeelError {
  readonly code = "recovery_key_invalid";
  readonly fault = "user";
}

/** A platform cannot be made anew here, or not from this archive. */
export class RebuildError extends EvenkeelError {
  readonly code = "rebuild_refused";
  readonly fault = "user";
}

/** A place does not do what an archive needs, such as keeping what is there. */
export class ArchiveUnsuitableError extends EvenkeelError {
  readonly code = "archive_unsuitable";
  readonly fault = "user";
}

/** What should be in the archive has not arrived there in time. */
export class ArchiveBehindError extends EvenkeelError {
  readonly code = "archive_behind";
  readonly fault = "platform";
}

/** Pages of a running cluster are not what the server wrote. */
export class ChecksumFailureError extends EvenkeelError {
  readonly code = "data_checksum_failure";
  readonly fault = "platform";
}

/** Backups hold one data directory; tablespaces lie outside it. */
export class TablespacesUnsupportedError extends EvenkeelError {
  readonly code = "tablespaces_unsupported";
  readonly fault = "user";
}

/** A backup lacks WAL and could never be restored; it was not kept. */
export class BackupIncompleteError extends EvenkeelError {
  readonly code = "backup_incomplete";
  readonly fault = "platform";
}

/** A point that cannot be restored to: unreadable, unknown, or outside what the archive holds. */
export class RecoveryTargetError extends EvenkeelError {
  readonly code = "recovery_target_invalid";
  readonly fault = "user";
}

/** WAL on the way to a point is missing. */
export class WalGapError extends EvenkeelError {
  readonly code = "wal_gap";
  readonly fault = "platform";
}

/** The server could not recover from what the archive gave. */
export class RecoveryFailedError extends EvenkeelError {
  readonly code = "recovery_failed";
  readonly fault = "platform";
}

/** Row counts at an exact position could not be taken. */
export class OracleUnavailableError extends EvenkeelError {
  readonly code = "oracle_unavailable";
  readonly fault = "user";
}

/** A branch cannot be made of what was named. */
export class BranchSourceError extends EvenkeelError {
  readonly code = "branch_source_unsuitable";
  readonly fault = "user";
}

/** The parent, or all branches of an app together, have more bytes than branches may have. */
export class BranchTooLargeError extends EvenkeelError {
  readonly code = "branch_too_large";
  readonly fault = "user";
}

/** The disk has too little room for what was asked. */
export class DiskSpaceError extends EvenkeelError {
  readonly code = "disk_space_short";
  readonly fault = "user";
}

/** There is no such branch. */
export class BranchUnknownError extends EvenkeelError {
  readonly code = "branch_unknown";
  readonly fault = "user";
}

/** The SQL that removes personal data from a branch failed; the branch was not made. */
export class ScrubFailedError extends EvenkeelError {
  readonly code = "branch_scrub_failed";
  readonly fault = "user";
}

/** A migration is no SQL that PostgreSQL understands. */
export class MigrationSyntaxError extends EvenkeelError {
  readonly code = "migration_syntax";
  readonly fault = "user";
}

/** Statements that are not additive, without an approval of exactly these. */
export class MigrationApprovalError extends EvenkeelError {
  readonly code = "migration_needs_approval";
  readonly fault = "user";
}

/** A migration failed; a transactional one left nothing. */
export class MigrationFailedError extends EvenkeelError {
  readonly code = "migration_failed";
  readonly fault = "user";
}

/** The ledger and the files disagree, or a migration stopped half-way. */
export class MigrationLedgerError extends EvenkeelError {
  readonly code = "migration_ledger_mismatch";
  readonly fault = "user";
}

/** A release cannot run on the schema as it is now. */
export class SchemaIncompatibleError extends EvenkeelError {
  readonly code = "schema_incompatible";
  readonly fault = "user";
}

/** Another runner migrates this database. */
export class MigrationBusyError extends EvenkeelError {
  readonly code = "migration_busy";
  readonly fault = "user";
}

/** The process that runs migrations ended without an answer. */
export class MigratorEndedError extends EvenkeelError {
  readonly code = "migrator_ended";
  readonly fault = "platform";

  constructor() {
    super("The process that runs migrations ended before its work did", {
      hint: "PostgreSQL has rolled back what it was at. Deploy again; this machine may lack memory.",
    });
  }
}

/** A database cannot be reached, or refuses. */
export class DatabaseRefusedError extends EvenkeelError {
  readonly code = "database_refused";
  readonly fault = "user";
}

/** The dump of an external database before a migration failed. */
export class DumpFailedError extends EvenkeelError {
  readonly code = "dump_failed";
  readonly fault = "user";
}

/** An app environment has no database here. */
export class AppDatabaseUnknownError extends EvenkeelError {
  readonly code = "app_database_unknown";
  readonly fault = "user";
}

/** Every port that apps' databases may listen on is taken. */
export class DatabasePortsExhaustedError extends EvenkeelError {
  readonly code = "database_ports_exhausted";
  readonly fault = "platform";
}

/** A data directory whose server gave its place to another: it would take writes that nobody has. */
export class ClusterFencedError extends EvenkeelError {
  readonly code = "cluster_fenced";
  readonly fault = "user";
}

/** A standby cannot be made there, or there is one already. */
export class StandbyRefusedError extends EvenkeelError {
  readonly code = "standby_refused";
  readonly fault = "user";
}

/** What lies where the standby should be is another cluster. */
export class StandbyForeignError extends EvenkeelError {
  readonly code = "standby_of_another_cluster";
  readonly fault = "user";
}

/** The standby went further than the primary's history, or lacks WAL that nobody has any more: it has to be made anew. */
export class StandbyDivergedError extends EvenkeelError {
  readonly code = "standby_diverged";
  readonly fault = "platform";
}

/** The standby did not follow in time. */
export class StandbyBehindError extends EvenkeelError {
  readonly code = "standby_behind";
  readonly fault = "platform";
}

/** A step of a drill did not come to what it should. */
export class DrillFailedError extends EvenkeelError {
  readonly code = "drill_failed";
  readonly fault = "platform";
}

/** A standby cannot take over: there is none, it never followed, or the primary answers. */
export class FailoverRefusedError extends EvenkeelError {
  readonly code = "failover_refused";
  readonly fault = "user";
}
