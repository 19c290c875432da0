import { RecoveryTargetError } from "../errors.ts";
import { formatLsn, type Lsn, parseLsn } from "../wal/lsn.ts";

/** A point that a cluster is to be set back to. https://www.postgresql.org/docs/18/runtime-config-wal.html#RUNTIME-CONFIG-WAL-RECOVERY-TARGET */
export type RecoveryTarget =
  | { kind: "latest" }
  /** All that was committed up to this time. `text` keeps microseconds. */
  | { kind: "time"; timeMs: number; text: string }
  /** As `pg_current_wal_lsn()` told it after a commit: that commit is included. */
  | { kind: "lsn"; lsn: Lsn }
  /** This transaction is the last. */
  | { kind: "xid"; xid: bigint }
  | { kind: "name"; name: string };

const form =
  /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?))?\s*(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?$/i;

/**
 * Reads `latest`, a time with its zone (`2026-03-01 14:05:09.25+01:00`, `2026-03-01T13:05Z`), an LSN (`0/3000148`), a transaction number, or the
 * name of a restore point.
 *
 * @throws RecoveryTargetError for a time without a zone: an hour's error would go unnoticed.
 */
export function parseRecoveryTarget(text: string): RecoveryTarget {
  const trimmed = text.trim();
  if (trimmed === "latest") return { kind: "latest" };
  if (/^[0-9A-Fa-f]{1,8}\/[0-9A-Fa-f]{1,8}$/.test(trimmed)) return { kind: "lsn", lsn: parseLsn(trimmed) };
  if (/^\d+$/.test(trimmed)) return { kind: "xid", xid: BigInt(trimmed) };
  const match = form.exec(trimmed);
  if (match) return parseTime(trimmed, match);
  if (/^\d{4}-/.test(trimmed)) throw unreadableTime(trimmed);
  if (trimmed === "" || trimmed.length > 63) {
    throw new RecoveryTargetError(`${JSON.stringify(trimmed.slice(0, 80))} is no point to restore to`, {
      hint: "Give `latest`, a time with its zone, an LSN, a transaction number, or the name of a restore point (up to 63 characters).",
    });
  }
  return { kind: "name", name: trimmed };
}

function parseTime(text: string, match: RegExpExecArray): RecoveryTarget {
  const [, date, clock = "00:00:00", zone] = match;
  if (zone === undefined) {
    throw new RecoveryTargetError(`The time "${text}" has no time zone`, {
      hint: `Write for example "${text}Z" for UTC, or "${text}+02:00".`,
    });
  }
  const offset = /^[+-]/.test(zone)
    ? zone.replace(/^([+-]\d\d):?(\d\d)?$/, (_, hours, minutes = "00") => `${hours}:${minutes}`)
    : "Z";
  const time = clock.length === 5 ? `${clock}:00` : clock;
  const timeMs = Date.parse(`${date}T${time.replace(/(\.\d{3})\d+$/, "$1")}${offset}`);
  if (Number.isNaN(timeMs)) throw unreadableTime(text);
  return { kind: "time", timeMs, text: `${date} ${time}${offset === "Z" ? "+00:00" : offset}` };
}

const unreadableTime = (text: string): RecoveryTargetError =>
  new RecoveryTargetError(`The time ${JSON.stringify(text.slice(0, 80))} cannot be read`, {
    hint: "Write it as 2026-03-01 14:05:09+01:00.",
  });

export function describeTarget(target: RecoveryTarget): string {
  switch (target.kind) {
    case "latest":
      return "the newest point";
    case "time":
      return target.text;
    case "lsn":
      return `LSN ${formatLsn(target.lsn)}`;
    case "xid":
      return `transaction ${target.xid}`;
    case "name":
      return `restore point "${target.name}"`;
  }
}
