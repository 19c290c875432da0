import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { type Lsn, lsn, parseLsn, walSegmentBytes } from "../wal/lsn.ts";
import { WalSpool } from "./wal-spool.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync("/tmp/ek-spool-");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const first = parseLsn("0/1000000");
const after = (bytes: number): Lsn => lsn(first + BigInt(bytes));

test("a segment gets its name when it is complete, across any cutting of the stream", async () => {
  const spool = new WalSpool(folder);
  await spool.begin(1, first);
  const bytes = Buffer.alloc(walSegmentBytes + 1_000, 7);
  spool.append(first, bytes.subarray(0, 5_000));
  spool.append(after(5_000), bytes.subarray(5_000));
  expect(readdirSync(folder).sort()).toEqual([
    "000000010000000000000001.partial",
    "000000010000000000000002.partial",
  ]);
  // As a kill would leave it.
  expect(new WalSpool(folder).resumePoint()).toEqual({ timeline: 1, start: first });
  await spool.sync();
  expect(spool.completeSegments()).toEqual(["000000010000000000000001"]);
  expect(spool.durable).toBe(after(bytes.length));
  expect(spool.tail()).toEqual({ timeline: 1, start: after(walSegmentBytes), durableBytes: 1_000 });
  expect(spool.read("000000010000000000000001").equals(bytes.subarray(0, walSegmentBytes))).toBe(true);
  await spool.close();
});

test("after a restart receiving resumes at the partial segment, whose bytes stay until they are replaced", async () => {
  const spool = new WalSpool(folder);
  await spool.begin(1, first);
  spool.append(first, Buffer.alloc(900, 1));
  await spool.close();
  const next = new WalSpool(folder);
  expect(next.resumePoint()).toEqual({ timeline: 1, start: first });
  expect(next.idlePartials()).toEqual(["000000010000000000000001.partial"]);
  await next.begin(1, first);
  expect(next.idlePartials()).toEqual([]);
  expect(next.read("000000010000000000000001.partial").length).toBe(900);
  await next.close();
});

test("WAL that does not continue what is there is refused", async () => {
  const spool = new WalSpool(folder);
  await spool.begin(1, first);
  expect(() => spool.append(after(8), Buffer.alloc(8))).toThrow("was due");
  await spool.close();
});

test("a spool belongs to one cluster", () => {
  new WalSpool(folder).claim("1");
  expect(() => new WalSpool(folder).claim("2")).toThrow(
    expect.objectContaining({ code: "archive_of_another_cluster" }),
  );
});
