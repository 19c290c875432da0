import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isolationMissing } from "../room/room-isolation.ts";
import { evaluateOwnRunbook, evaluateRunbook } from "./evaluate-runbook.ts";

let folder: string;
let server: Server;
let asked = 0;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "ek-evaluate-"));
  server = createServer((_, response) => {
    asked++;
    response.end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

/** In a room, as at a deploy. */
async function evaluate(name: string, text: string) {
  const source = join(folder, name, "source");
  mkdirSync(source, { recursive: true });
  writeFileSync(join(source, "runbook.ts"), text);
  return evaluateRunbook({ name, folder: join(folder, name), source, rootDirectory: "" });
}

test("an endless loop is ended, with the line on which it begins", async () => {
  const text = "const limits = { window: 5 };\n\nwhile (limits.window > 0);\nexport default {};\n";
  const own = join(folder, "own");
  mkdirSync(own);
  writeFileSync(join(own, "runbook.ts"), text);
  const [inRoom, inPlace] = await Promise.allSettled([evaluate("endless", text), evaluateOwnRunbook(own)]);
  for (const { reason } of [inRoom, inPlace] as PromiseRejectedResult[])
    expect(reason).toMatchObject({ message: "runbook.ts:3 did not end within 10 s" });
}, 120_000);

test("what throws or cannot be parsed is told with its line", async () => {
  await expect(
    evaluate(
      "throws",
      `const window = "5 minutes";\nif (window) throw new Error("not today");\nexport default {};`,
    ),
  ).rejects.toThrow("runbook.ts:2 cannot be evaluated: Error: not today");
  await expect(evaluate("broken", "export default {\n  rollbackTriggers: {,\n};")).rejects.toThrow(
    /^runbook\.ts:2 cannot be evaluated/,
  );
}, 60_000);

test.skipIf(isolationMissing().length > 0)(
  "there is no network, and the line that asks for one is told",
  async () => {
    const { port } = server.address() as AddressInfo;
    await expect(
      evaluate(
        "reaching",
        `const at = "http://127.0.0.1:${port}/";\nconst limits = await fetch(at);\nexport default {};`,
      ),
    ).rejects.toThrow(/^runbook\.ts:2 cannot be evaluated/);
    expect(asked).toBe(0);
  },
  60_000,
);
