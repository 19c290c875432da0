import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateIdentity, identityToRecipient } from "age-encryption";
import { openRecovery, readKeys, restoreKeys, sealRecovery } from "./recovery-file.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ek-keys-"));
  mkdirSync(join(folder, "keys/databases/shop"), { recursive: true });
  writeFileSync(join(folder, "keys/master.key"), Buffer.alloc(32, 200));
  writeFileSync(join(folder, "keys/databases/shop/production.key"), "second");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("keys come back from an age file by one of its recipients' identities, and none is written over unasked", async () => {
  const [one, two, stranger] = [await generateIdentity(), await generateIdentity(), await generateIdentity()];
  const keys = readKeys(join(folder, "keys"));
  const content = { format: "evenkeel-recovery-1", madeAt: "now", keys } as const;
  const recipients = [await identityToRecipient(one), await identityToRecipient(two)];
  const sealed = await sealRecovery(content, recipients);
  expect(sealed).toStartWith("-----BEGIN AGE ENCRYPTED FILE-----\n");
  expect(sealed).not.toContain(keys["master.key"]!);
  const opened = await openRecovery(sealed, `# created: now\n${two}\n`);
  expect(opened).toEqual(content);
  const elsewhere = join(folder, "elsewhere");
  expect(restoreKeys(elsewhere, opened.keys, false)).toEqual(["databases/shop/production.key", "master.key"]);
  expect(readFileSync(join(elsewhere, "master.key"))).toEqual(Buffer.alloc(32, 200));
  expect(statSync(join(elsewhere, "master.key")).mode & 0o777).toBe(0o600);
  expect(restoreKeys(elsewhere, opened.keys, false)).toEqual([]);
  writeFileSync(join(elsewhere, "master.key"), "another");
  expect(() => restoreKeys(elsewhere, opened.keys, false)).toThrow(
    /Other keys are there already: master.key/,
  );
  expect(readFileSync(join(elsewhere, "master.key"), "utf8")).toBe("another");
  expect(restoreKeys(elsewhere, opened.keys, true)).toEqual(["master.key"]);

  const refused = { code: "invalid_value" };
  await expect(openRecovery(sealed, stranger)).rejects.toMatchObject(refused);
  await expect(openRecovery("no age file", one)).rejects.toMatchObject(refused);
  await expect(sealRecovery(content, ["age1nonsense"])).rejects.toMatchObject(refused);
  const outside = { ...content, keys: { "../outside": "AAAA" } };
  await expect(openRecovery(await sealRecovery(outside, recipients), one)).rejects.toMatchObject(refused);
});
