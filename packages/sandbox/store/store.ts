import { Database, type Statement } from "bun:sqlite";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";

export interface StoredDocument {
  id: string;
  /** Order of making, within its collection. */
  position: number;
  value: unknown;
}

/**
 * The sandbox's state on disk: documents in collections, each of one account.
 *
 * Changes gather in memory and are written in one transaction by `flush`, which runs before anything that follows from them leaves the
 * process (an answer, a webhook). SQLite's write-ahead log without a sync at each commit: nothing is lost when the process is killed; a loss of
 * power may take the last moments, never the file's integrity. For a stand-in that is enough, and 500 webhooks a second need it.
 */
export class Store {
  private readonly database: Database;
  private readonly putDocument: Statement;
  private readonly deleteDocument: Statement;
  private readonly changed = new Map<string, Change>();
  private timer: ReturnType<typeof setImmediate> | undefined;
  private closed = false;

  /** @param path of the file; `:memory:` keeps nothing */
  constructor(path: string) {
    if (path !== ":memory:") mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    this.database = new Database(path, { create: true });
    this.database.run("PRAGMA journal_mode = WAL");
    this.database.run("PRAGMA synchronous = NORMAL");
    this.database.run(
      `CREATE TABLE IF NOT EXISTS documents (
         account TEXT NOT NULL, collection TEXT NOT NULL, id TEXT NOT NULL, position INTEGER NOT NULL, value TEXT NOT NULL,
         PRIMARY KEY (account, collection, id)) WITHOUT ROWID`,
    );
    this.putDocument = this.database.prepare(
      `INSERT INTO documents (account, collection, id, position, value) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (account, collection, id) DO UPDATE SET value = excluded.value, position = excluded.position`,
    );
    this.deleteDocument = this.database.prepare(
      "DELETE FROM documents WHERE account = ? AND collection = ? AND id = ?",
    );
  }

  /** Oldest first. */
  load(account: string, collection: string): StoredDocument[] {
    this.flush();
    const rows = this.database
      .query<{ id: string; position: number; value: string }, [string, string]>(
        "SELECT id, position, value FROM documents WHERE account = ? AND collection = ? ORDER BY position",
      )
      .all(account, collection);
    return rows.map(({ id, position, value }) => ({ id, position, value: JSON.parse(value) }));
  }

  /** @param value is read at the next flush, so it may go on changing until then; undefined removes the document */
  change(account: string, collection: string, id: string, position: number, value: unknown): void {
    // A webhook may still be under way when the sandbox stops; the next one sends it again.
    if (this.closed) return;
    this.changed.set(`${account}\n${collection}\n${id}`, { account, collection, id, position, value });
    this.timer ??= setImmediate(() => this.flush());
  }

  removeAccount(account: string): void {
    this.flush();
    this.database.query("DELETE FROM documents WHERE account = ?").run(account);
  }

  flush(): void {
    if (this.timer) clearImmediate(this.timer);
    this.timer = undefined;
    if (this.changed.size === 0) return;
    this.database.run("BEGIN");
    try {
      for (const { account, collection, id, position, value } of this.changed.values()) {
        if (value === undefined) this.deleteDocument.run(account, collection, id);
        else this.putDocument.run(account, collection, id, position, JSON.stringify(value));
      }
      this.database.run("COMMIT");
    } catch (error) {
      this.database.run("ROLLBACK");
      throw error;
    }
    this.changed.clear();
  }

  close(): void {
    this.flush();
    this.closed = true;
    this.putDocument.finalize();
    this.deleteDocument.finalize();
    this.database.close();
  }
}

interface Change {
  account: string;
  collection: string;
  id: string;
  position: number;
  value: unknown;
}
