import { readFileSync } from "node:fs";
import { writeFileDurably } from "@evenkeel/disk";
import { grantablePermissions, type Token } from "../api/contract/index.ts";
import { record } from "../audit/audit-log.ts";
import type { Database } from "../database/database.ts";
import { newTokenText, readTokenText, sameHash, type TokenText } from "./token-text.ts";

/** Id of the machine's own token. It stands in a file, not in the database, so status can be asked while that is away. */
export const adminTokenId = "admin";

/** The one before the last rotation. */
interface Previous {
  hash: string;
  untilMs: number;
}

/** `keys/api-token` (0600), which whoever may read it uses; made at the first start. */
export class AdminToken {
  private current: TokenText;
  private previous: Previous | undefined;

  constructor(private readonly path: string) {
    const text = readIfThere(path);
    const existing = text === undefined ? undefined : readTokenText(text.trim());
    if (existing === undefined) {
      this.current = newTokenText(adminTokenId);
      writeFileDurably(path, `${this.current.text}\n`, 0o600);
      return;
    }
    this.current = existing;
    const previous = readIfThere(this.previousPath);
    if (previous !== undefined) this.previous = JSON.parse(previous) as Previous;
  }

  accepts(token: TokenText): boolean {
    if (sameHash(token.hash, this.current.hash)) return true;
    if (!this.previous || this.previous.untilMs <= Date.now()) return false;
    return sameHash(token.hash, Buffer.from(this.previous.hash, "hex"));
  }

  /**
   * Gives it a new secret; the one it had is accepted for `overlapMs` more, one from an earlier rotation no longer. What reads the file, as the command
   * line does for each command, has the new one from then on.
   */
  async rotate(
    database: Database,
    overlapMs: number,
    who: string,
  ): Promise<Token & { secret: string; previousUntilMs: number }> {
    // Before the deed: a rotation that is not on record must not be.
    await record(database, { who, action: "token.rotate", object: adminTokenId, detail: { overlapMs } });
    const next = newTokenText(adminTokenId);
    const previous = { hash: this.current.hash.toString("hex"), untilMs: Date.now() + overlapMs };
    // In this order: a crash between leaves a token that is accepted twice, not one that nobody accepts.
    writeFileDurably(this.previousPath, JSON.stringify(previous), 0o600);
    writeFileDurably(this.path, `${next.text}\n`, 0o600);
    this.previous = previous;
    this.current = next;
    return {
      ...{ id: adminTokenId, name: adminTokenId, permissions: [...grantablePermissions] },
      ...{ createdAtMs: Date.now(), createdBy: who },
      ...{ secret: next.text, previousUntilMs: previous.untilMs },
    };
  }

  private get previousPath(): string {
    return `${this.path}-previous`;
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
