import { expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadOrCreateKey } from "./key-file.ts";

test("processes that ask at once get the same key, which only its owner can read", async () => {
  const folder = mkdtempSync(join(tmpdir(), "ek-key-"));
  try {
    const path = join(folder, "keys/cache.key");
    const program = `import { loadOrCreateKey } from ${JSON.stringify(join(import.meta.dir, "key-file.ts"))};
      console.log(Buffer.from(loadOrCreateKey(${JSON.stringify(path)})).toString("hex"));`;
    const children = Array.from({ length: 4 }, () =>
      Bun.spawn([process.execPath, "-e", program], { stdout: "pipe" }),
    );
    const keys = await Promise.all(children.map((child) => new Response(child.stdout).text()));
    expect(new Set(keys).size).toBe(1);
    expect(keys[0]!.trim()).toMatch(/^[0-9a-f]{64}$/);
    expect(Buffer.from(loadOrCreateKey(path)).toString("hex")).toBe(keys[0]!.trim());
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(folder, "keys"))).toEqual(["cache.key"]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);
