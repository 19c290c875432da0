import { afterEach, beforeEach, expect, test } from "bun:test";
import { S3Server } from "../testing/s3-server.ts";
import { openTarget } from "./open-target.ts";
import { probeTarget } from "./probe-target.ts";

let server: S3Server;
beforeEach(() => {
  server = new S3Server();
});
afterEach(() => server.stop());

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (content: Uint8Array) => new TextDecoder().decode(content);
const limitMs = 60_000;

test("objects are stored, read, listed over pages and removed under the target's prefix, signed as S3 wants it", async () => {
  server.pageKeys = 2;
  const target = openTarget(server.spec("shop/production"));
  for (const name of ["wal/0001", "wal/0002", "wal/0003", "tail/00/0-1", "odd name+%/é"]) {
    expect(await target.put(name, bytes(name), "create")).toBe("stored");
  }
  expect([...server.objects.keys()].every((key) => key.startsWith("shop/production/"))).toBe(true);
  expect((await target.list("wal/")).map(({ key }) => key)).toEqual(["wal/0001", "wal/0002", "wal/0003"]);
  expect(await target.list("odd")).toMatchObject([{ key: "odd name+%/é", sizeBytes: 13 }]);
  expect(text(await target.get("odd name+%/é"))).toBe("odd name+%/é");
  expect(await target.has("wal/0002")).toBe(true);
  await target.delete("wal/0002");
  await target.delete("wal/0002");
  expect(await target.has("wal/0002")).toBe(false);
  await expect(target.get("wal/0002")).rejects.toMatchObject({ code: "archive_object_missing" });
});

test("nothing is overwritten but what is replaced on purpose, and a place that overwrites is refused", async () => {
  const target = openTarget(server.spec());
  await target.put("position", bytes("one"), "create");
  expect(await target.put("position", bytes("two"), "create")).toBe("exists");
  expect(text(await target.get("position"))).toBe("one");
  expect(await target.put("position", bytes("two"), "replace")).toBe("stored");
  await probeTarget(target);
  server.conditionalWrites = false;
  await expect(probeTarget(target)).rejects.toMatchObject({ code: "archive_unsuitable" });
  expect([...server.objects.keys()]).toEqual(["position"]);
});

test(
  "a service that stumbles is asked again; one that refuses is not, and no error has a key in it",
  async () => {
    const target = openTarget(server.spec());
    let failures = 2;
    server.fault = () => (failures-- > 0 ? { kind: "status", status: 503, code: "SlowDown" } : undefined);
    expect(await target.put("a", bytes("a"), "create")).toBe("stored");
    // Stored, but the answer was lost: the second attempt finds the first one's object.
    failures = 1;
    server.fault = () => (failures-- > 0 ? { kind: "lost answer" } : undefined);
    expect(await target.put("b", bytes("b"), "create")).toBe("exists");
    expect(text(await target.get("b"))).toBe("b");

    server.fault = () => ({ kind: "status", status: 403, code: "QuotaExceeded" });
    const before = server.requests;
    const full = await target.put("c", bytes("c"), "create").catch((error) => error);
    expect(server.requests).toBe(before + 1);
    expect(full).toMatchObject({ code: "archive_unavailable", hint: expect.stringContaining("full") });
    server.fault = undefined;
    const wrongKey = openTarget({ ...server.spec(), secretAccessKey: "another secret" });
    const refused = await wrongKey.list("").catch((error) => error);
    expect(refused.message).toContain("403 SignatureDoesNotMatch");
    expect(JSON.stringify([refused.message, refused.hint])).not.toContain("another secret");
    const elsewhere = openTarget({ ...server.spec(), bucket: "none" });
    await expect(elsewhere.get("a")).rejects.toMatchObject({
      code: "archive_unavailable",
      message: expect.stringContaining("NoSuchBucket"),
    });
  },
  limitMs,
);
