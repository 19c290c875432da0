import { ObjectMissingError } from "../errors.ts";
import { type Lsn, lsn, parseLsn, parseSegmentName, segmentName, walSegmentBytes } from "../wal/lsn.ts";
import type { Archive } from "./archive.ts";
import { type ArchivePosition, formatPosition, tailName } from "./wal-inventory.ts";
import type { WalSpool } from "./wal-spool.ts";

/** Everything that was committed at `timeMs` (the server's clock) lies before `lsn`. */
export interface WalMoment {
  lsn: Lsn;
  timeMs: number;
}

/** How far the archive is. */
export interface ShippedPosition extends WalMoment {
  timeline: number;
}

interface WalEnd {
  timeline: number;
  lsn: Lsn;
}

/**
 * Moves WAL from the spool into the archive: history files first, so that no segment is there without the way to it;
 * then complete segments in order; then what has come of the newest. A step that fails is repeated with the next
 * call; nothing leaves the spool before it is durable in the archive.
 */
export class WalShipper {
  private shipped: ShippedPosition | undefined;
  /** What the archive said when we began. */
  private found: ArchivePosition | "none" | undefined;
  private tail: { segment: string; toByte: number } | undefined;
  private stored = false;
  private readonly shippedPartials = new Set<string>();

  constructor(
    private readonly archive: Archive,
    private readonly spool: WalSpool,
  ) {}

  get position(): ShippedPosition | undefined {
    return this.shipped;
  }

  /**
   * @param moments how far the server's WAL went at some moments: when the archive comes so far, it says so, because "no
   * commit since" is also something to promise.
   * @returns whether anything was stored: else the archive's health is not known
   */
  async ship(moments: WalMoment[]): Promise<boolean> {
    this.stored = false;
    this.found ??= await this.readPosition();
    for (const name of this.spool.histories()) {
      await this.create(`timelines/${name}`, this.spool.read(name));
      this.spool.remove(name);
    }
    let end: WalEnd | undefined;
    for (const name of this.spool.completeSegments()) end = await this.shipSegment(name);
    for (const name of this.spool.idlePartials()) end = laterOf(end, await this.shipPartial(name));
    end = (await this.shipTail()) ?? end;
    await this.note(end, moments);
    return this.stored;
  }

  private async create(name: string, content: Uint8Array): Promise<void> {
    await this.archive.create(name, content);
    this.stored = true;
  }

  private async shipSegment(name: string): Promise<WalEnd> {
    await this.create(`wal/${name}`, this.spool.read(name));
    this.spool.remove(name);
    for (const { key } of await this.archive.list(`tail/${name}/`)) await this.archive.delete(key);
    const { timeline, start } = parseSegmentName(name)!;
    return { timeline, lsn: lsn(start + BigInt(walSegmentBytes)) };
  }

  /** Of a timeline that was left, or from before a restart: its content goes out even if the server never comes back. */
  private async shipPartial(name: string): Promise<WalEnd | undefined> {
    const segment = name.replace(/\.partial$/, "");
    const content = this.spool.read(name);
    const fromByte = this.shippedBytes(segment);
    if (!this.shippedPartials.has(name) && content.length > fromByte) {
      await this.create(tailName(segment, fromByte, content.length), content.subarray(fromByte));
    }
    this.shippedPartials.add(name);
    if (this.spool.receiving) this.spool.remove(name);
    const { timeline, start } = parseSegmentName(segment)!;
    const end = { timeline, lsn: lsn(start + BigInt(content.length)) };
    const found = this.found as ArchivePosition | "none";
    if (found === "none") return end;
    return laterOf({ timeline: found.timeline, lsn: parseLsn(found.lsn) }, end) === end ? end : undefined;
  }

  private async shipTail(): Promise<WalEnd | undefined> {
    const tail = this.spool.tail();
    if (!tail) return undefined;
    const segment = segmentName(tail.timeline, tail.start);
    const fromByte = this.shippedBytes(segment);
    if (tail.durableBytes > fromByte) {
      const bytes = this.spool.readTail(tail, fromByte);
      await this.create(tailName(segment, fromByte, tail.durableBytes), bytes);
      this.tail = { segment, toByte: tail.durableBytes };
    }
    return { timeline: tail.timeline, lsn: lsn(tail.start + BigInt(tail.durableBytes)) };
  }

  /** How much of a segment's beginning this shipper has put into the archive. */
  private shippedBytes(segment: string): number {
    return this.tail?.segment === segment ? this.tail.toByte : 0;
  }

  private async note(end: WalEnd | undefined, moments: WalMoment[]): Promise<void> {
    const at = end ?? this.shipped;
    if (!at) return;
    const reached = moments.filter((moment) => moment.lsn <= at.lsn).map((moment) => moment.timeMs);
    const found = this.found === "none" ? 0 : (this.found?.timeMs ?? 0);
    const timeMs = Math.max(this.shipped?.timeMs ?? found, ...reached);
    const { shipped } = this;
    if (shipped && at.lsn === shipped.lsn && at.timeline === shipped.timeline && timeMs === shipped.timeMs)
      return;
    const position = formatPosition(at.timeline, at.lsn, timeMs);
    await this.archive.replace("position", Buffer.from(JSON.stringify(position)));
    this.stored = true;
    this.shipped = { timeline: at.timeline, lsn: at.lsn, timeMs };
  }

  private async readPosition(): Promise<ArchivePosition | "none"> {
    try {
      return await this.archive.readJson<ArchivePosition>("position");
    } catch (error) {
      if (error instanceof ObjectMissingError) return "none";
      throw error;
    }
  }
}

function laterOf(a: WalEnd | undefined, b: WalEnd | undefined): WalEnd | undefined {
  if (!a || !b) return a ?? b;
  return b.timeline > a.timeline || (b.timeline === a.timeline && b.lsn > a.lsn) ? b : a;
}
