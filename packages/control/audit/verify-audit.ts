import type { AuditFault, AuditVerification } from "../api/contract/index.ts";
import { type Connection, first } from "../database/connection.ts";
import type { Database } from "../database/database.ts";

const pageRows = 2_000;
const mostFaults = 100;

interface Link extends Record<string, unknown> {
  position: number;
  entry: number;
  hash: Buffer;
  is_there: boolean;
  /** By what stands before it in the chain. */
  is_right: boolean;
}

/**
 * Makes every hash of the audit log anew and compares. Finds entries that were changed, taken out, put elsewhere, or put in beside the chain.
 *
 * Who may write to the database's files can make a whole new chain; such is told by an anchor, the head of an earlier verification that was kept elsewhere.
 *
 * @param anchor a position and the hash that it had then
 */
export async function verifyAudit(
  database: Database,
  anchor?: { position: number; hash: string },
): Promise<AuditVerification> {
  const faults: AuditFault[] = [];
  const tell = (fault: AuditFault) => {
    if (faults.length < mostFaults) faults.push(fault);
  };
  let last: { position: number; hash: Buffer } = { position: 0, hash: Buffer.alloc(0) };
  let anchored = anchor === undefined || anchor.position === 0;
  for (;;) {
    const links = await linksAfter(database, last);
    for (const { position, entry, hash, is_there, is_right } of links) {
      if (position !== last.position + 1) tell({ position: last.position + 1, fault: "link_removed" });
      if (!is_there) tell({ position, entry, fault: "entry_removed" });
      else if (!is_right) tell({ position, entry, fault: "changed" });
      if (anchor?.position === position) anchored = hash.toString("hex") === anchor.hash;
      last = { position, hash };
    }
    if (links.length < pageRows) break;
  }
  const beside = await database.query<{ id: number }>(
    `SELECT id FROM audit_log WHERE NOT EXISTS (SELECT FROM audit_chain WHERE entry = audit_log.id) ORDER BY id LIMIT ${mostFaults}`,
  );
  for (const { id } of beside) tell({ entry: id, fault: "not_in_chain" });
  await compareHead(database, last, tell);
  if (!anchored) tell({ position: anchor!.position, fault: "other_than_anchor" });
  return {
    isWhole: faults.length === 0,
    entries: last.position,
    head: { position: last.position, hash: last.hash.toString("hex") },
    faults,
  };
}

const linksAfter = (connection: Connection, after: { position: number; hash: Buffer }): Promise<Link[]> =>
  connection.query<Link>(
    `SELECT position, entry, hash, audit_log.id IS NOT NULL AS is_there,
       coalesce(hash = audit_hash(coalesce(lag(hash) OVER (ORDER BY position), $2), audit_log), false) AS is_right
     FROM (SELECT * FROM audit_chain WHERE position > $1 ORDER BY position LIMIT ${pageRows}) AS links
       LEFT JOIN audit_log ON audit_log.id = links.entry
     ORDER BY position`,
    [after.position, after.hash],
  );

/** What was cut off at the end leaves the head ahead; entries may have come since we looked. */
async function compareHead(
  connection: Connection,
  last: { position: number; hash: Buffer },
  tell: (fault: AuditFault) => void,
): Promise<void> {
  const head = await first(
    connection.query<{ position: number; hash: Buffer | null; at_head: Buffer }>(
      `SELECT audit_head.position, audit_head.hash AS at_head,
         (SELECT hash FROM audit_chain WHERE audit_chain.position = audit_head.position) AS hash FROM audit_head`,
    ),
  );
  const isRight =
    head !== undefined &&
    head.position >= last.position &&
    (head.position === 0 || head.hash?.equals(head.at_head) === true);
  if (!isRight) tell({ position: (head?.position ?? last.position) as number, fault: "end_removed" });
}
