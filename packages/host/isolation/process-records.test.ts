import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ProcessRecords, startTime } from "./process-records.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ek-records-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("a recorded process is ended with its group, one that only has the same pid is not", async () => {
  const mine = Bun.spawn(["sleep", "1000"], { detached: true });
  const foreign = Bun.spawn(["sleep", "1000"], { detached: true });
  const records = new ProcessRecords(folder);
  records.add(mine.pid);
  writeFileSync(join(folder, String(foreign.pid)), "1");
  await new ProcessRecords(folder).endAll(0);
  expect(await mine.exited).not.toBe(0);
  expect(mine.signalCode).toBe("SIGKILL");
  expect(startTime(foreign.pid)).toBeDefined();
  expect(readdirSync(folder)).toEqual([]);
  foreign.kill("SIGKILL");
  await foreign.exited;
});

test("a process that ends by itself in time is not killed", async () => {
  const child = Bun.spawn(["sleep", "0.2"], { detached: true });
  const records = new ProcessRecords(folder);
  records.add(child.pid);
  await records.endAll(60_000);
  await child.exited;
  expect(child.signalCode).toBeNull();
}, 90_000);
