import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { homeLayout, type OutputId, outputPath } from "@evenkeel/model";
import { OutputUnreadableError } from "../errors.ts";
import { OutputCatalog } from "./output-catalog.ts";

test("outputs are compiled once, the least used makes room, and a lost one is named", async () => {
  const folder = mkdtempSync(join(tmpdir(), "ek-cat-"));
  try {
    const layout = homeLayout(folder);
    mkdirSync(layout.artifactOutputs, { recursive: true });
    const ids = ["a", "b", "c", "d"].map((id) => id.repeat(64) as OutputId);
    for (const id of ids) {
      const output = {
        formatVersion: 1,
        id,
        routes: [],
        files: {},
        functions: {},
        functionsById: {},
        prerenders: {},
      };
      writeFileSync(outputPath(layout, id), JSON.stringify(output));
    }
    const [a, b, c, d] = ids as [OutputId, OutputId, OutputId, OutputId];
    const catalog = new OutputCatalog(layout, 3);
    const [first, second] = await Promise.all([catalog.load(a), catalog.load(a)]);
    expect(first).toBe(second);
    await catalog.load(b);
    await catalog.load(c);
    expect(catalog.get(a)).toBe(first);
    await catalog.load(d);
    expect(catalog.get(a)).toBe(first);
    expect(catalog.get(b)).toBeUndefined();
    catalog.retain(new Set([a]));
    expect(catalog.get(d)).toBeUndefined();
    await expect(catalog.load("e".repeat(64) as OutputId)).rejects.toBeInstanceOf(OutputUnreadableError);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);
