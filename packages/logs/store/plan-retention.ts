/** A sealed segment, or one that is still written (which is never removed). */
export interface KeptSegment {
  path: string;
  app: string;
  sizeBytes: number;
  /** Time of its newest line, or near it. */
  newestMs: number;
  isSealed: boolean;
}

export interface RetentionLimits {
  retentionMs: (app: string) => number;
  budgetBytes: (app: string) => number;
  /** Of all apps together. */
  totalBytes: number;
  nowMs: number;
}

/**
 * Which segments have to go: those past their age; then, in each app that exceeds its budget, its oldest; then, while all together exceed
 * theirs, the oldest of the largest app, so that one that floods pays for it and not its quiet neighbours.
 */
export function planRetention(segments: KeptSegment[], limits: RetentionLimits): string[] {
  const remove: string[] = [];
  const apps = new Map<string, { sizeBytes: number; sealed: KeptSegment[] }>();
  let totalBytes = 0;
  for (const segment of segments) {
    if (segment.isSealed && segment.newestMs < limits.nowMs - limits.retentionMs(segment.app)) {
      remove.push(segment.path);
      continue;
    }
    let app = apps.get(segment.app);
    if (!app) {
      app = { sizeBytes: 0, sealed: [] };
      apps.set(segment.app, app);
    }
    app.sizeBytes += segment.sizeBytes;
    totalBytes += segment.sizeBytes;
    if (segment.isSealed) app.sealed.push(segment);
  }
  const drop = (app: { sizeBytes: number; sealed: KeptSegment[] }) => {
    const oldest = app.sealed.shift()!;
    app.sizeBytes -= oldest.sizeBytes;
    totalBytes -= oldest.sizeBytes;
    remove.push(oldest.path);
  };
  for (const [name, app] of apps) {
    app.sealed.sort((one, two) => one.newestMs - two.newestMs);
    while (app.sizeBytes > limits.budgetBytes(name) && app.sealed.length > 0) drop(app);
  }
  while (totalBytes > limits.totalBytes) {
    const largest = [...apps.values()]
      .filter(({ sealed }) => sealed.length > 0)
      .sort((one, two) => two.sizeBytes - one.sizeBytes)[0];
    if (!largest) break;
    drop(largest);
  }
  return remove;
}
