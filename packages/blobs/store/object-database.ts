import { Database } from "bun:sqlite";
import type { ChecksumAlgorithm } from "../protocol/checksums.ts";
import type { StoredFile } from "./object-files.ts";

export interface Checksum {
  algorithm: ChecksumAlgorithm;
  base64: string;
  /** Over the parts' checksums, as multipart uploads have it. */
  composite: boolean;
}

/** What is kept of an object besides its bytes. */
export interface ObjectFacts {
  /** As S3 sends it, without quotes. */
  etag: string;
  /** Header lines that come back with it: `content-type`, `cache-control`, `x-amz-meta-…`. */
  headers: Record<string, string>;
  checksum?: Checksum;
}

export interface ObjectVersion extends ObjectFacts {
  version: number;
  key: string;
  size: number;
  createdMs: number;
  files: StoredFile[];
}

interface Row {
  version: number;
  key: string;
  size: number;
  created_ms: number;
  facts: string;
  files: string;
}

const schema = `
  CREATE TABLE IF NOT EXISTS versions (
    version INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    size INTEGER NOT NULL,
    facts TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    -- Overwritten or deleted then; NULL for what is there now.
    ended_ms INTEGER
  );
  CREATE UNIQUE INDEX IF NOT EXISTS present ON versions (key) WHERE ended_ms IS NULL;
  CREATE INDEX IF NOT EXISTS ended ON versions (ended_ms) WHERE ended_ms IS NOT NULL;
  CREATE TABLE IF NOT EXISTS version_files (
    version INTEGER NOT NULL REFERENCES versions ON DELETE CASCADE,
    position INTEGER NOT NULL,
    file TEXT NOT NULL,
    size INTEGER NOT NULL,
    PRIMARY KEY (version, position)
  );
  CREATE INDEX IF NOT EXISTS file_versions ON version_files (file);
  CREATE TABLE IF NOT EXISTS uploads (
    id TEXT PRIMARY KEY,
    key TEXT NOT NULL,
    headers TEXT NOT NULL,
    algorithm TEXT,
    created_ms INTEGER NOT NULL
  );
  CREATE TABLE IF NOT EXISTS parts (
    upload TEXT NOT NULL REFERENCES uploads ON DELETE CASCADE,
    number INTEGER NOT NULL,
    file TEXT NOT NULL,
    size INTEGER NOT NULL,
    etag TEXT NOT NULL,
    checksum TEXT,
    created_ms INTEGER NOT NULL,
    PRIMARY KEY (upload, number)
  );`;

const present = `SELECT version, key, size, created_ms, facts,
    (SELECT json_group_array(json_object('file', file, 'size', size)) FROM
      (SELECT file, size FROM version_files f WHERE f.version = versions.version ORDER BY position)) AS files
  FROM versions`;

/** What a bucket holds, and held: SQLite, every commit on disk before it is answered. */
export class ObjectDatabase {
  readonly sqlite: Database;

  constructor(path: string) {
    this.sqlite = new Database(path, { create: true, strict: true });
    this.sqlite.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;");
    this.sqlite.exec(schema);
  }

  get(key: string): ObjectVersion | undefined {
    const row = this.sqlite.query<Row, [string]>(`${present} WHERE key = ? AND ended_ms IS NULL`).get(key);
    return row ? versionOf(row) : undefined;
  }

  /** In the order of their keys' bytes. */
  list(
    prefix: string,
    { from, includes }: { from: string; includes: boolean },
    limit: number,
  ): ObjectVersion[] {
    return this.sqlite
      .query<Row, [string, string, string, number]>(
        `${present} WHERE ended_ms IS NULL AND key ${includes ? ">=" : ">"} ?1 AND key >= ?2 AND (?3 = '' OR key < ?3) ORDER BY key LIMIT ?4`,
      )
      .all(from, prefix, endOfPrefix(prefix), limit)
      .map(versionOf);
  }

  /** Takes the place of what is there under the key; what was there stays as an earlier version. */
  put(key: string, facts: ObjectFacts, files: readonly StoredFile[], nowMs: number): ObjectVersion {
    this.end(key, nowMs);
    const size = files.reduce((sum, file) => sum + file.size, 0);
    const { lastInsertRowid } = this.sqlite
      .query("INSERT INTO versions (key, size, facts, created_ms) VALUES (?, ?, ?, ?)")
      .run(key, size, JSON.stringify(facts), nowMs);
    const insert = this.sqlite.query(
      "INSERT INTO version_files (version, position, file, size) VALUES (?, ?, ?, ?)",
    );
    for (const [position, { file, size }] of files.entries()) {
      insert.run(Number(lastInsertRowid), position, file, size);
    }
    return { version: Number(lastInsertRowid), key, size, createdMs: nowMs, files: [...files], ...facts };
  }

  /** @returns whether there was something */
  end(key: string, nowMs: number): boolean {
    const { changes } = this.sqlite
      .query("UPDATE versions SET ended_ms = ? WHERE key = ? AND ended_ms IS NULL")
      .run(nowMs, key);
    return changes > 0;
  }

  size(): { objects: number; bytes: number; keptBytes: number } {
    return this.sqlite
      .query<{ objects: number; bytes: number; keptBytes: number }, []>(
        `SELECT count(*) FILTER (WHERE ended_ms IS NULL) AS objects,
           coalesce(sum(size) FILTER (WHERE ended_ms IS NULL), 0) AS bytes,
           coalesce(sum(size) FILTER (WHERE ended_ms IS NOT NULL), 0) AS keptBytes FROM versions`,
      )
      .get()!;
  }

  /** Rows that were changed since it was opened. */
  get changes(): number {
    return this.sqlite.query<{ changes: number }, []>("SELECT total_changes() AS changes").get()!.changes;
  }

  /** A whole copy as of now, while others go on. */
  copyTo(path: string): void {
    this.sqlite.query("VACUUM INTO ?").run(path);
  }

  transaction<Result>(work: () => Result): Result {
    return this.sqlite.transaction(work).immediate();
  }

  close(): void {
    this.sqlite.close();
  }
}

function versionOf({ version, key, size, created_ms, facts, files }: Row): ObjectVersion {
  return { version, key, size, createdMs: created_ms, files: JSON.parse(files), ...JSON.parse(facts) };
}

/** The first text behind all that begin with `prefix`, by code points, as SQLite's BINARY collation compares UTF-8. `""`: there is none. */
export function endOfPrefix(prefix: string): string {
  const points = [...prefix];
  while (points.length > 0) {
    const last = points.pop()!.codePointAt(0)!;
    // Surrogates are no characters.
    if (last < 0x10ffff) return points.join("") + String.fromCodePoint(last === 0xd7ff ? 0xe000 : last + 1);
  }
  return "";
}
