export const exportKinds = ["metrics", "logs", "traces"] as const;
export type ExportKind = (typeof exportKinds)[number];

/** What was sent of one kind, in points, lines or spans. */
export interface ExportCount {
  sent: number;
  /** The receiver did not want them, and would not later. */
  refused: number;
  /** They were not kept until they could be sent. */
  lost: number;
}

/** How far an export has come with metrics and traces; with logs each app's folder says so. */
export interface ExportState {
  /** Beginning of the next minute whose metrics are to be sent, epoch milliseconds. */
  minuteMs: number;
  /** Number of the last span that was sent. */
  spanSeq: number;
  counts: Record<Exclude<ExportKind, "logs">, ExportCount>;
  sentAtMs?: number;
  /** By kind; absent: the last delivery went well. */
  failures: Partial<Record<ExportKind, { message: string; sinceMs: number; attempts: number }>>;
}

export const newExportState = (nowMs: number): ExportState => ({
  minuteMs: Math.floor(nowMs / 60_000) * 60_000,
  spanSeq: 0,
  counts: { metrics: { sent: 0, refused: 0, lost: 0 }, traces: { sent: 0, refused: 0, lost: 0 } },
  failures: {},
});
