import { createHash } from "node:crypto";
import { type AppName, randomId } from "@evenkeel/model";
import type { Approval, DeployableEnvironment } from "../api/contract/index.ts";
import { lockEnvironment } from "../apps/lock-environment.ts";
import { record } from "../audit/audit-log.ts";
import { type Connection, first } from "../database/connection.ts";
import { ApprovalStateError, ApprovalUnknownError } from "../errors.ts";

/** Somebody whose word counts once, however often they say it. */
export interface Voice {
  who: string;
  /** Absent: not known, so it is nobody's word. */
  voice: string | undefined;
}

export interface ApprovalWish {
  app: AppName;
  environment: DeployableEnvironment;
  kind: Approval["kind"];
  /** All that is agreed to. No secrets: it is shown. */
  content: Record<string, unknown>;
  /** Different people, whoever asks among them. */
  needed: number;
  validMs: number;
  reason: string | undefined;
}

interface ApprovalRow extends Record<string, unknown> {
  id: string;
  app: AppName;
  environment: DeployableEnvironment;
  kind: Approval["kind"];
  content_hash: string;
  content: Record<string, unknown>;
  needed: number;
  state: "open" | "approved" | "refused" | "used";
  is_over: boolean;
  reason: string | null;
  created_at: Date;
  created_by: string;
  expires_at: Date;
  used_at: Date | null;
  used_by: string | null;
  words: { name: string; agrees: boolean; reason: string | null; at_ms: number }[];
}

/** Of a deploy that has ended there is nothing to agree to any more. */
const isOver = `(expires_at <= now() OR kind = 'deploy' AND EXISTS (SELECT FROM deployments
  WHERE deployments.id = content ->> 'deployment' AND deployments.state IN ('failed', 'cancelled', 'superseded', 'removed')))`;

const approvals = `SELECT approvals.*, ${isOver} AS is_over,
    (SELECT coalesce(json_agg(json_build_object('name', name, 'agrees', agrees, 'reason', approval_words.reason,
       'at_ms', (extract(epoch FROM approval_words.created_at) * 1000)::bigint) ORDER BY approval_words.created_at, voice), '[]')
     FROM approval_words WHERE approval = approvals.id) AS words
  FROM approvals`;

export async function listApprovals(
  connection: Connection,
  filter: { apps: readonly AppName[] | undefined; open: boolean; limit: number },
): Promise<Approval[]> {
  const rows = await connection.query<ApprovalRow>(
    `${approvals} WHERE ($1::text[] IS NULL OR app = ANY ($1))
       AND (NOT $2 OR (state IN ('open', 'approved') AND NOT ${isOver})) ORDER BY created_at DESC, id LIMIT $3`,
    [filter.apps ?? null, filter.open, filter.limit],
  );
  return rows.map(view);
}

/** @throws ApprovalUnknownError */
export async function getApproval(connection: Connection, app: AppName, id: string): Promise<Approval> {
  const row = await first(
    connection.query<ApprovalRow>(`${approvals} WHERE app = $1 AND id = $2`, [app, id]),
  );
  if (!row) throw new ApprovalUnknownError(id);
  return view(row);
}

/** Whether a deploy stands still for somebody's word. */
export async function waitsForWords(connection: Connection, deployment: string): Promise<boolean> {
  const found = await connection.query(
    `SELECT FROM approvals WHERE kind = 'deploy' AND content ->> 'deployment' = $1 AND state = 'open' LIMIT 1`,
    [deployment],
  );
  return found.length > 0;
}

/**
 * Asks for what needs several people, or finds what was asked. Whoever asks agrees by it, so the second person's same wish is their word.
 * Part of a transaction.
 */
export async function ask(connection: Connection, wish: ApprovalWish, by: Voice): Promise<Approval> {
  const { app, environment, kind, content, needed } = wish;
  await lockEnvironment(connection, app, environment);
  const hash = contentHash(wish);
  const found = await first(
    connection.query<ApprovalRow>(
      `${approvals} WHERE app = $1 AND environment = $2 AND content_hash = $3 AND state IN ('open', 'approved') AND expires_at > now()
       ORDER BY created_at DESC LIMIT 1`,
      [app, environment, hash],
    ),
  );
  const id = found?.id ?? randomId(10);
  if (!found) {
    await connection.query(
      `INSERT INTO approvals (id, app, environment, kind, content_hash, content, needed, reason, created_by, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, now() + make_interval(secs => $10))`,
      [
        ...[id, app, environment, kind, hash, JSON.stringify(content), needed, wish.reason ?? null, by.who],
        wish.validMs / 1_000,
      ],
    );
    const detail = { environment, kind, contentHash: hash, needed };
    await record(connection, { who: by.who, action: "approval.ask", app, object: id, detail });
  }
  if (by.voice !== undefined) await addWord(connection, id, { ...by, voice: by.voice }, true, wish.reason);
  return settle(connection, app, id);
}

/**
 * Somebody's word on what another one asked. Part of a transaction.
 *
 * @param seen the content that they were shown
 * @throws ApprovalUnknownError, ApprovalStateError
 */
export async function speak(
  connection: Connection,
  { app, id, seen }: { app: AppName; id: string; seen: string | undefined },
  by: { who: string; voice: string },
  agrees: boolean,
  reason: string | undefined,
): Promise<Approval> {
  const before = await getApproval(connection, app, id);
  await lockEnvironment(connection, app, before.environment);
  const now = await getApproval(connection, app, id);
  if (now.state !== "open")
    throw new ApprovalStateError(`Approval ${id} is ${now.state}`, {
      hint: "Nothing is waiting for a word here.",
    });
  if (seen !== undefined && seen !== now.contentHash)
    throw new ApprovalStateError(`Approval ${id} is for something else than what was looked at`, {
      hint: "Look at it again: `evenkeel approvals list`.",
    });
  const isNew = await addWord(connection, id, by, agrees, reason);
  if (!isNew && agrees)
    throw new ApprovalStateError(`"${by.who}" has agreed to ${id} already`, {
      hint: "Somebody else has to agree: whoever asked has given their own word by asking.",
    });
  const action = agrees ? "approval.agree" : "approval.refuse";
  const detail = { environment: now.environment, contentHash: now.contentHash, ...(reason && { reason }) };
  await record(connection, { who: by.who, action, app, object: id, detail });
  if (!agrees)
    await connection.query("UPDATE approvals SET state = 'refused', decided_at = now() WHERE id = $1", [id]);
  return settle(connection, app, id);
}

/** Takes what was agreed to; once. Part of a transaction. */
export async function useUp(connection: Connection, { app, id }: Approval, who: string): Promise<boolean> {
  const used = await connection.query(
    "UPDATE approvals SET state = 'used', used_at = now(), used_by = $2 WHERE id = $1 AND state = 'approved' RETURNING 1",
    [id, who],
  );
  if (used.length > 0) await record(connection, { who, action: "approval.use", app, object: id });
  return used.length > 0;
}

/** The newest one for exactly this, whatever became of it. */
export async function newestFor(
  connection: Connection,
  wish: Pick<ApprovalWish, "app" | "environment" | "kind" | "content">,
): Promise<Approval | undefined> {
  const row = await first(
    connection.query<ApprovalRow>(
      `${approvals} WHERE app = $1 AND environment = $2 AND content_hash = $3 ORDER BY created_at DESC LIMIT 1`,
      [wish.app, wish.environment, contentHash(wish)],
    ),
  );
  return row && view(row);
}

/** @returns false: there is one of this voice; a word that refuses replaces one that agreed */
async function addWord(
  connection: Connection,
  id: string,
  { who, voice }: { who: string; voice: string },
  agrees: boolean,
  reason: string | undefined,
): Promise<boolean> {
  const added = await connection.query(
    `INSERT INTO approval_words (approval, voice, name, agrees, reason) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (approval, voice) ${agrees ? "DO NOTHING" : "DO UPDATE SET agrees = false, reason = excluded.reason"} RETURNING 1`,
    [id, voice, who, agrees, reason ?? null],
  );
  return added.length > 0;
}

async function settle(connection: Connection, app: AppName, id: string): Promise<Approval> {
  await connection.query(
    `UPDATE approvals SET state = 'approved', decided_at = now() WHERE id = $1 AND state = 'open'
       AND needed <= (SELECT count(*) FROM approval_words WHERE approval = $1 AND agrees)`,
    [id],
  );
  return getApproval(connection, app, id);
}

/** Of a canonical form: members in the order of their names. */
export function contentHash({
  app,
  environment,
  kind,
  content,
}: Pick<ApprovalWish, "app" | "environment" | "kind" | "content">): string {
  return createHash("sha256")
    .update(canonical([app, environment, kind, content]))
    .digest("hex");
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(",")}}`;
}

function view(row: ApprovalRow): Approval {
  const hasEnded = row.is_over && (row.state === "open" || row.state === "approved");
  return {
    ...{ id: row.id, app: row.app, environment: row.environment, kind: row.kind },
    ...{ contentHash: row.content_hash, content: row.content, needed: row.needed },
    state: hasEnded ? "expired" : row.state,
    ...(row.reason === null ? {} : { reason: row.reason }),
    ...{
      createdAtMs: row.created_at.getTime(),
      createdBy: row.created_by,
      expiresAtMs: row.expires_at.getTime(),
    },
    words: row.words.map(({ name, agrees, reason, at_ms }) => ({
      ...{ name, agrees, atMs: at_ms },
      ...(reason === null ? {} : { reason }),
    })),
    ...(row.used_at && { usedAtMs: row.used_at.getTime() }),
    ...(row.used_by === null ? {} : { usedBy: row.used_by }),
  };
}
