import type { AppName } from "@evenkeel/model";
import type { Connection } from "../database/connection.ts";

/** An archive is named by its content; this says to which app it was given, so knowing a hash opens nobody else's source. */
export async function recordUpload(
  connection: Connection,
  upload: { app: AppName; sha256: string; sizeBytes: number },
): Promise<void> {
  await connection.query(
    `INSERT INTO uploads (app, sha256, size_bytes) VALUES ($1, $2, $3)
     ON CONFLICT (app, sha256) DO UPDATE SET received_at = now()`,
    [upload.app, upload.sha256, upload.sizeBytes],
  );
}

export async function hasUpload(connection: Connection, app: AppName, sha256: string): Promise<boolean> {
  const rows = await connection.query("SELECT 1 FROM uploads WHERE app = $1 AND sha256 = $2", [app, sha256]);
  return rows.length > 0;
}
