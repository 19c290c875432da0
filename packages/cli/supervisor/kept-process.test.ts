import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KeptProcess } from "./kept-process.ts";
import { identifyProcess } from "./process-identity.ts";
import { ProcessTable } from "./process-table.ts";

const folder = mkdtempSync(join(tmpdir(), "ek-kept-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const program = `console.log(JSON.stringify({ ready: true })); setInterval(() => {}, 60_000);`;

function keeper(name: string): KeptProcess {
  return new KeptProcess(
    {
      name,
      argv: [process.execPath, "-e", program],
      environment: { PATH: process.env["PATH"] ?? "" },
      logPath: join(folder, `${name}.log`),
    },
    new ProcessTable(join(folder, `${name}.json`)),
  );
}

async function untilRunningAgain(kept: KeptProcess, dead: number): Promise<number> {
  for (const limitMs = Date.now() + 30_000; Date.now() < limitMs; await Bun.sleep(10)) {
    const { state, pid } = kept.report();
    if (state === "running" && pid !== undefined && pid !== dead) return pid;
  }
  throw new Error(`It does not run again: ${JSON.stringify(kept.report())}`);
}

test("a process that dies is started again, whether it was started or adopted here", async () => {
  const starter = keeper("one");
  starter.start();
  await starter.ready();
  const first = starter.report().pid!;
  process.kill(first, "SIGKILL");
  const second = await untilRunningAgain(starter, first);
  expect(starter.report().restarts).toBe(1);

  const adopter = keeper("one");
  adopter.start();
  expect(adopter.report()).toMatchObject({ state: "running", pid: second });
  // The first keeper is the supervisor that has gone: it must not start it as well.
  const left = starter.stop(0);
  const third = await untilRunningAgain(adopter, second);
  await left;
  expect(third).not.toBe(second);
  await adopter.stop(0);
}, 60_000);

test("a replaced process ends once its successor is ready, and is not started again", async () => {
  const kept = keeper("two");
  kept.start();
  await kept.ready();
  const first = kept.report().pid!;
  await kept.replace(10_000);
  const second = kept.report().pid!;
  expect(second).not.toBe(first);
  expect(identifyProcess(first)).toBeUndefined();
  expect(kept.report()).toMatchObject({ state: "running", restarts: 0 });
  process.kill(second, "SIGKILL");
  await untilRunningAgain(kept, second);
  await kept.stop(0);
}, 60_000);
