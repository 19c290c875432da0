import type { EnvironmentName, SignalKind } from "@evenkeel/model";
import { decodeChunk, encodeChunk, type Point, type Points, pointKinds } from "../points/chunk.ts";
import { floorTo, seconds } from "./levels.ts";

export interface SeriesName {
  app: string;
  environment: EnvironmentName;
  signal: string;
  deployment?: string;
  detail?: string;
}

export const seriesKey = ({ app, environment, signal, deployment, detail }: SeriesName): string =>
  `${app}\n${environment}\n${signal}\n${deployment ?? ""}\n${detail ?? ""}`;

/**
 * The last hour of one series. A minute is *open* (points) while it is measured, and *folded* (bytes) once the database has it; what comes
 * late opens a folded minute again.
 */
export class Series {
  /** Beginning of the newest second that has a point. */
  lastMs = 0;
  readonly open = new Map<number, Points>();
  private readonly folded = new Map<number, Uint8Array>();

  constructor(
    readonly name: SeriesName,
    readonly kind: SignalKind,
  ) {}

  add(atMs: number, point: Point): void {
    const points = this.openMinute(atMs);
    const index = (atMs % seconds.spanMs) / seconds.stepMs;
    points[index] = pointKinds[this.kind].merge(points[index], point);
    if (atMs > this.lastMs) this.lastMs = atMs;
  }

  /** Sets a point whatever was there: for what is true or not, and does not add up. */
  set(atMs: number, point: Point): void {
    this.openMinute(atMs)[(atMs % seconds.spanMs) / seconds.stepMs] = point;
    if (atMs > this.lastMs) this.lastMs = atMs;
  }

  at(atMs: number): Point | undefined {
    return this.minute(floorTo(atMs, seconds.spanMs))?.[(atMs % seconds.spanMs) / seconds.stepMs];
  }

  /** The points of the minute that begins at `startMs`. */
  minute(startMs: number): Points | undefined {
    const open = this.open.get(startMs);
    if (open) return open;
    const bytes = this.folded.get(startMs);
    return bytes && decodeChunk(this.kind, bytes);
  }

  encodeMinute(startMs: number): Uint8Array {
    return encodeChunk(this.kind, this.open.get(startMs) ?? []);
  }

  /** The database has this minute. */
  fold(startMs: number, bytes: Uint8Array): void {
    this.open.delete(startMs);
    this.folded.set(startMs, bytes);
    this.lastMs = Math.max(this.lastMs, startMs);
  }

  /** Drops minutes that began before `ms`; false when nothing is left. */
  forgetBefore(ms: number): boolean {
    for (const minutes of [this.open, this.folded]) {
      for (const startMs of minutes.keys()) if (startMs < ms) minutes.delete(startMs);
    }
    return this.open.size > 0 || this.folded.size > 0;
  }

  private openMinute(atMs: number): Points {
    const startMs = floorTo(atMs, seconds.spanMs);
    let points = this.open.get(startMs);
    if (!points) {
      points = this.minute(startMs) ?? [];
      this.open.set(startMs, points);
    }
    return points;
  }
}
