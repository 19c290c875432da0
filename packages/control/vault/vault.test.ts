import { expect, test } from "bun:test";
import type { AppName } from "@evenkeel/model";
import { Vault } from "./vault.ts";

const vault = new Vault(new Uint8Array(32).fill(7));
const place = { app: "shop" as AppName, environment: "production", name: "KEY" } as const;

test("a value opens where it belongs, and equal values do not look equal", () => {
  for (const value of ["", "geheim ✓", "x".repeat(60_000)])
    expect(vault.unseal(vault.seal(value, place), place)).toBe(value);
  expect(vault.seal("a", place).equals(vault.seal("a", place))).toBe(false);
});

test("a value opens in no other place, with no other key, and not with a changed bit", () => {
  const sealed = vault.seal("secret", place);
  const refused = { code: "vault_key_mismatch" };
  const opening = (using: Vault, bytes: Uint8Array, at: typeof place) => {
    try {
      return using.unseal(bytes, at);
    } catch (error) {
      return { code: (error as { code: string }).code };
    }
  };
  for (const change of [{ app: "other" }, { environment: "preview" }, { name: "OTHER" }]) {
    expect(opening(vault, sealed, { ...place, ...change } as typeof place)).toEqual(refused);
  }
  expect(opening(new Vault(new Uint8Array(32).fill(8)), sealed, place)).toEqual(refused);
  for (let index = 0; index < sealed.length; index++) {
    const changed = Uint8Array.from(sealed);
    changed[index]! ^= 1;
    expect(opening(vault, changed, place)).toEqual(refused);
  }
  expect(opening(vault, sealed.subarray(0, 10), place)).toEqual(refused);
});
