import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SignalSample } from "@evenkeel/model";
import { answerQuery } from "../query/answer-query.ts";
import { SignalStore } from "./signal-store.ts";

const shop = { app: "shop", environment: "production" } as const;
const edge = { origin: "edge", name: "edge-0", run: "1" } as const;
const minute = 60_000;

/** A disk of 3 MB; undefined where none can be mounted. */
function smallDisk(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), "ek-small-"));
  const mounted = process.platform === "linux" && process.getuid?.() === 0;
  const { exitCode } = mounted
    ? Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", folder])
    : { exitCode: 1 };
  if (exitCode === 0) return folder;
  rmSync(folder, { recursive: true, force: true });
  return undefined;
}

const disk = smallDisk();
afterAll(() => {
  if (!disk) return;
  Bun.spawnSync(["umount", "-l", disk]);
  rmSync(disk, { recursive: true, force: true });
});

test.skipIf(!disk)(
  "a disk that fills up takes the oldest minutes or leaves the newest in memory, and all is kept again once there is room",
  () => {
    let nowMs = Date.UTC(2026, 2, 3, 10, 0, 0);
    let seq = 0;
    const store = new SignalStore({ folder: disk!, now: () => nowMs });
    const write = (hours: number): boolean => {
      let isKept = true;
      for (let hour = 0; hour < hours; hour++) {
        nowMs += 60 * minute;
        const samples = Array.from({ length: 40 }, (_, series): SignalSample => {
          const noise = Math.sin(seq * 41 + series) * 1e6;
          return { ...shop, detail: `${series}`, gauges: { instance_memory: Math.abs(noise) } };
        });
        for (let second = 1; second <= 3; second++) {
          store.take(edge, {
            ...{ type: "batch", seq: ++seq, atMs: nowMs - second * minute, coversMs: 1_000 },
            samples: [...samples, { ...shop, counts: { requests: 1 } }],
          });
        }
        isKept = store.commit();
        store.fold();
        store.sweep();
      }
      return isKept;
    };
    const newest = () =>
      answerQuery(store, { ...shop, signal: "requests", fromMs: nowMs - 10 * minute, toMs: nowMs, stepMs: 0 })
        .series[0]!.points[0];
    try {
      expect(write(5)).toBe(true);
      const ballast = join(disk!, "ballast");
      // Somebody else takes all that is left.
      try {
        writeFileSync(ballast, Buffer.alloc(8 * 1024 * 1024));
      } catch (error) {
        expect((error as { code?: string }).code).toBe("ENOSPC");
      }
      write(48);
      expect(newest()).toBe(3);
      rmSync(ballast);
      write(2);
      expect(store.diskFault).toBeUndefined();
      expect(newest()).toBe(3);
    } finally {
      store.close();
    }
    const again = new SignalStore({ folder: disk!, now: () => nowMs });
    const { series } = answerQuery(again, {
      ...{ ...shop, signal: "requests", fromMs: nowMs - 10 * minute, toMs: nowMs, stepMs: 0 },
    });
    expect(series[0]!.points[0]).toBe(3);
    again.close();
  },
  60_000,
);
