import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Span } from "@evenkeel/model/link/span";
import { TraceStore } from "./trace-store.ts";

const shop = { app: "shop", environment: "production" } as const;

/** A disk of 12 MB; undefined where none can be mounted. */
function smallDisk(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), "ek-small-"));
  const mayMount = process.platform === "linux" && process.getuid?.() === 0;
  const { exitCode } = mayMount
    ? Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", folder])
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

const id = (number: number) => number.toString(16).padStart(32, "a");
const span = (number: number): Span => ({
  ...{ traceId: id(number), spanId: "b7ad6b7169203331", parentId: "", name: `GET /${number}` },
  ...{ kind: "server", service: "edge", startMs: 1_000_000 + number, durationMs: 5, status: "unset" },
  attributes: { words: `${number}`.repeat(2_000) },
});

test.skipIf(!disk)(
  "on a full disk the oldest traces go and the newest are kept; once there is room again, all are",
  () => {
    const store = new TraceStore({
      path: join(disk!, "traces.sqlite"),
      reserveBytes: 5 * 1024 * 1024,
      lookEveryMs: 0,
    });
    const add = (from: number, to: number) => {
      const refusals: string[] = [];
      for (let number = from; number < to; number++) {
        refusals.push(...store.add(shop, "d1", [span(number)]).keys());
      }
      return refusals;
    };
    try {
      expect(add(0, 1_600)).toEqual([]);
      expect(store.find(id(0))).toBeUndefined();
      expect(store.list({ ...shop, limit: 500 }).length).toBeGreaterThan(100);
      // Somebody else takes all that is left.
      const ballast = join(disk!, "ballast");
      try {
        writeFileSync(ballast, Buffer.alloc(16 * 1024 * 1024));
      } catch (error) {
        expect((error as { code?: string }).code).toBe("ENOSPC");
      }
      for (const reason of add(1_600, 1_800)) expect(reason).toBe("the disk is full");
      rmSync(ballast);
      expect(add(2_000, 2_001)).toEqual([]);
      expect(store.find(id(2_000))?.spans).toHaveLength(1);
    } finally {
      store.close();
    }
  },
  60_000,
);
