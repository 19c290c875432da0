import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RunbookInvalidError } from "../errors.ts";
import { readRunbook } from "./read-runbook.ts";

const folder = mkdtempSync(join(tmpdir(), "ek-runbook-"));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;

async function read(text: string) {
  const path = join(folder, `${++files}.ts`);
  writeFileSync(path, text);
  const { default: value } = await import(path);
  return readRunbook({ file: "runbook.ts", value: JSON.parse(JSON.stringify(value)), text });
}

const faults = (text: string): Promise<string[]> =>
  read(text).then(
    () => [],
    (error) => {
      if (!(error instanceof RunbookInvalidError)) throw error;
      return error.faults.map(({ place, path, message }) => `${place} ${path}: ${message}`);
    },
  );

test("everything that is wrong is told at once, each with its line", async () => {
  const told = await faults(`import type { Runbook } from "@evenkeel/runbook";
const limit = { threshold: "150%", window: "5 minutes", action: "immediate_rollback" };
export default {
  rollbackTriggers: {
    error_rate: limit,
    response_time: {
      threshold: "p95 > 5 seconds",
      window: "3 hours",
      acton: "staged_rollback",
    },
  },
  rolbackProcess: [],
  featureFlags: { production: { "a b": true } },
} satisfies Runbook;`);
  expect(told).toEqual([
    'runbook.ts:12 rolbackProcess: is not known here; did you mean "rollbackProcess"?',
    "runbook.ts:13 featureFlags.production.a b: is no key of a flag: use letters, digits, `-`, `_` and `.`",
    expect.stringMatching(/^runbook\.ts:6 rollbackTriggers\.response_time\.action: /),
    'runbook.ts:9 rollbackTriggers.response_time.acton: is not known here; did you mean "action"?',
  ]);
});

test("quantities that make no sense are told with the line of the value, also through constants and spreads", async () => {
  const told = await faults(`const usual = {
  action: "immediate_rollback",
  window: "2 hours",
};
export default { rollbackTriggers: {
  error_rate: { threshold: "150%", action: "imediate_rollback" },
  response_time: { threshold: "p95 > 1s", ...usual } } };`);
  expect(told).toHaveLength(3);
  expect(told[0]).toMatch(/^runbook\.ts:6 rollbackTriggers\.error_rate\.threshold: .*over 100 %/);
  expect(told[1]).toMatch(/^runbook\.ts:6 .*action: .*did you mean "immediate_rollback"/);
  expect(told[2]).toMatch(
    /^runbook\.ts:7 rollbackTriggers\.response_time\.threshold: .*longer than the history/,
  );
});

test("triggers that contradict each other are refused", async () => {
  const told = await faults(`export default { rollbackTriggers: {
  fast: { trigger: "error_rate > 2% for 1 minute", action: "immediate_rollback" },
  slow: { trigger: "error_rate > 5% for 5 minutes", action: "staged_rollback" },
} };`);
  expect(told).toEqual([
    expect.stringMatching(/^runbook\.ts:3 rollbackTriggers\.slow: contradicts rollbackTriggers\.fast/),
  ]);
  expect(
    await faults(`export default { scalingThresholds: { cpu: { warning: "90%", critical: "70%" } } };`),
  ).toEqual([expect.stringContaining("the warning comes no earlier")]);
});

test("a clause that nothing enforces needs an owner and a day", async () => {
  const text = (byHand: string) => `export default {
  limits: { rotation: "8" },
  byHand: ${byHand},
};`;
  expect(await faults(text("{}"))).toEqual([
    expect.stringMatching(/^runbook\.ts:2 limits\.rotation: needs a person .*owner and a due date/),
  ]);
  expect(await faults(text(`{ limits: { owner: "lead", due: "2027-02-30" } }`))).toEqual(
    expect.arrayContaining([expect.stringMatching(/^runbook\.ts:3 byHand\.limits\.due: is no day/)]),
  );
  const { clauses } = await read(text(`{ limits: { owner: "lead", due: "2027-02-28" } }`));
  expect(clauses.map(({ id, byHand }) => [id, byHand])).toEqual([
    ["limits.rotation", { owner: "lead", due: "2027-02-28" }],
  ]);
});

test("an owner of a clause that there is not, or that needs none, is refused", async () => {
  const told = await faults(`export default {
  restoreTests: "weekly",
  byHand: { restoreTests: { owner: "lead", due: "2027-02-28" }, restorTests: { owner: "lead", due: "2027-02-28" } },
};`);
  expect(told[0]).toContain("is enforced without a person");
  expect(told[1]).toContain('did you mean "restoreTests"?');
});

test("a line of a checklist names a clause that there is", async () => {
  expect(
    await faults(
      `export default { restoreTests: "weekly", checklists: { before: { "Backups tested": "restoreTest" } } };`,
    ),
  ).toEqual([expect.stringContaining('did you mean "restoreTests"?')]);
});

test("how long rows are kept is the matter of SQL that it names, or of a person", async () => {
  const text = (retention: string) => `export default {
  maintenance: { weekly: { schedule: "Sunday 03:00 UTC", sql: ["DELETE FROM sessions WHERE expires_at < now()"] } },
  retention: { sessions: ${retention} },
};`;
  expect(await faults(text(`"30 days"`))).toEqual([
    expect.stringMatching(/^runbook\.ts:3 retention\.sessions: is enforced by nothing .*name that in `by`/),
  ]);
  expect(await faults(text(`{ keep: "30 days", by: "maintenance.weekli" }`))).toEqual([
    expect.stringContaining('did you mean "maintenance.weekly"?'),
  ]);
  const { clauses } = await read(text(`{ keep: "30 days", by: "maintenance.weekly" }`));
  expect(clauses.find(({ id }) => id === "retention.sessions")?.enforced.by).toBe("release");
});

test("what is no object is no runbook", async () => {
  for (const value of ["[]", "1", "null", "'text'"])
    expect(await faults(`export default ${value};`)).toEqual([
      expect.stringContaining("its default export is not an object"),
    ]);
});

test("canary steps grow, and end with everything; what is none is refused with its line", async () => {
  const { plan } = await read('export default { canary: "5% for 2 minutes, 25%, 100%" }');
  expect(plan.canary!.steps).toEqual([
    { share: 0.05, holdMs: 120_000 },
    { share: 0.25, holdMs: 120_000 },
    { share: 1, holdMs: 0 },
  ]);
  expect(await faults('export default {\n canary: "25%, 5%, 100%" }')).toEqual([
    expect.stringMatching(/^runbook\.ts:2 canary: .*no more than the one before/),
  ]);
});
