import { expect, test } from "bun:test";
import { createCipheriv, hkdfSync } from "node:crypto";
import type { AppName } from "@evenkeel/model";
import { Vault } from "./vault.ts";

const key = (byte: number) => new Uint8Array(32).fill(byte);
const vaultOf = (...keys: number[]) => new Vault({ sealing: key(keys[0]!), opening: keys.map(key) });
const vault = vaultOf(7);
const place = { app: "shop" as AppName, environment: "production", name: "KEY" } as const;
const refused = { code: "vault_key_mismatch" };
const opening = (using: Vault, bytes: Uint8Array, at: typeof place = place) => {
  try {
    return using.unseal(bytes, at);
  } catch (error) {
    return { code: (error as { code: string }).code };
  }
};

test("a value opens where it belongs, and equal values do not look equal", () => {
  for (const value of ["", "geheim ✓", "x".repeat(60_000)])
    expect(vault.unseal(vault.seal(value, place), place)).toBe(value);
  expect(vault.seal("a", place).equals(vault.seal("a", place))).toBe(false);
});

test("a value opens in no other place, with no other key, and not with a changed bit", () => {
  const sealed = vault.seal("secret", place);
  for (const change of [{ app: "other" }, { environment: "preview" }, { name: "OTHER" }]) {
    expect(opening(vault, sealed, { ...place, ...change } as typeof place)).toEqual(refused);
  }
  expect(opening(vaultOf(8), sealed)).toEqual(refused);
  for (let index = 0; index < sealed.length; index++) {
    const changed = Uint8Array.from(sealed);
    changed[index]! ^= 1;
    expect(opening(vault, changed)).toEqual(refused);
  }
  expect(opening(vault, sealed.subarray(0, 10))).toEqual(refused);
  expect(opening(vault, new Uint8Array())).toEqual(refused);
});

test("while the master key is rotated both open, and what was wrapped anew needs the new one alone", () => {
  const sealed = vault.seal("secret", place);
  const rotating = vaultOf(8, 7);
  expect(opening(rotating, sealed)).toBe("secret");
  const rewrapped = rotating.rewrap(sealed, place)!;
  expect(opening(vaultOf(8), rewrapped)).toBe("secret");
  expect(opening(vault, rewrapped)).toEqual(refused);
  expect(rotating.rewrap(rewrapped, place)).toBeUndefined();
  expect(rewrapped.subarray(0, 9).equals(rotating.newestPrefix)).toBe(true);
  expect(() => rotating.rewrap(sealed, { ...place, name: "OTHER" })).toThrow();
  rotating.use({ sealing: key(8), opening: [key(8)] });
  expect(opening(rotating, sealed)).toEqual(refused);
});

test("a value from before there were data keys opens, and becomes one with its own", () => {
  const direct = new Uint8Array(hkdfSync("sha256", key(7), "", "evenkeel variables", 32));
  const nonce = Buffer.alloc(12, 1);
  const cipher = createCipheriv("aes-256-gcm", direct, nonce).setAAD(
    Buffer.from("evenkeel-variable\0shop\0production\0KEY"),
  );
  const body = Buffer.concat([cipher.update("old"), cipher.final()]);
  const sealed = Buffer.concat([Buffer.of(1), nonce, body, cipher.getAuthTag()]);
  expect(opening(vault, sealed)).toBe("old");
  expect(opening(vaultOf(8), vaultOf(8, 7).rewrap(sealed, place)!)).toBe("old");
});
