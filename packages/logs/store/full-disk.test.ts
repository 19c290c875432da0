import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AppName, homeLayout } from "@evenkeel/model";
import { searchLogs } from "../search/search-logs.ts";
import { appLogFolder } from "./log-files.ts";
import { LogStore } from "./log-store.ts";

const shop = "shop" as AppName;

/** A disk of 4 MB; undefined where none can be mounted. */
function smallDisk(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), "ek-small-"));
  const mayMount = process.platform === "linux" && process.getuid?.() === 0;
  const { exitCode } = mayMount
    ? Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder])
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
  "on a full disk the oldest segments go and the newest lines are kept",
  async () => {
    const layout = homeLayout(disk!);
    const folder = appLogFolder(layout, shop);
    const store = new LogStore({
      ...{ layout, writer: "host" },
      limits: { blockLines: 200, segmentBytes: 200_000 },
      // The disk itself is the limit here.
      budget: { totalBytes: 1e12, reserveBytes: 0 },
    });
    let printed = 0;
    const print = async (lines: number) => {
      for (let line = 0; line < lines; line++) {
        // Nothing that packs well.
        const noise = Buffer.from(crypto.getRandomValues(new Uint8Array(750))).toString("base64");
        store.append(shop, {
          ...{ atMs: Date.now(), level: 2, requestId: "", fields: "" },
          ...{ source: { stream: "stdout", environment: "production" }, text: `line ${printed++} ${noise}` },
        });
      }
      await store.flush();
    };
    const newest = async () =>
      (await searchLogs(folder, { limit: 5 })).lines
        .map(({ text }) => /^line (\d+) /.exec(text)?.[1])
        .find((number) => number !== undefined);
    for (let round = 0; round < 24; round++) await print(250);
    expect(await newest()).toBe(String(printed - 1));
    const { lines } = await searchLogs(folder, { limit: 20_000, timeLimitMs: 20_000 });
    expect(lines.length).toBeWithin(1_000, 6_000);
    // Somebody else takes all that is left, and all that segments leave.
    const ballast = join(disk!, "ballast");
    for (let round = 0; round < 6; round++) {
      try {
        writeFileSync(ballast, Buffer.alloc(8 * 1024 * 1024));
      } catch (error) {
        expect((error as { code?: string }).code).toBe("ENOSPC");
      }
      await print(20);
    }
    rmSync(ballast);
    await print(250);
    expect(await newest()).toBe(String(printed - 1));
    await store.close();
  },
  60_000,
);
