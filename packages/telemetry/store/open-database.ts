import { Database } from "bun:sqlite";
import { mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Opens a SQLite database in WAL mode (https://sqlite.org/wal.html), making it where it is missing. A file that is no database any more is moved
 * aside (`<path>.broken`): what it held is lost, and serving goes on.
 *
 * @param schema statements that change nothing where everything is there
 */
export function openDatabase(path: string, schema: string): Database {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  try {
    return open(path, schema);
  } catch (error) {
    if (!/not a database|malformed|disk image/i.test(String(error))) throw error;
    console.error(`telemetry: ${path} is damaged and was moved aside: ${error}`);
    renameSync(path, `${path}.broken`);
    for (const side of ["-wal", "-shm"]) rmSync(`${path}${side}`, { force: true });
    return open(path, schema);
  }
}

function open(path: string, schema: string): Database {
  const database = new Database(path);
  try {
    database.run("PRAGMA auto_vacuum = INCREMENTAL");
    database.run("PRAGMA journal_mode = WAL");
    // A crash of the machine may lose the last moments, never the file.
    database.run("PRAGMA synchronous = NORMAL");
    // Writes wait in a file of a megabyte, which a disk that is nearly full has to have room for.
    database.run("PRAGMA wal_autocheckpoint = 256");
    database.run("PRAGMA foreign_keys = ON");
    database.run("PRAGMA busy_timeout = 5000");
    database.run(schema);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}
