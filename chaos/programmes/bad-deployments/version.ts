import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writePrebuilt } from "../../../e2e/harness/prebuilt.ts";
import type { Random } from "../../random.ts";

export const badKinds = [
  "crash at boot",
  "healthy, then 500s",
  "slow leak",
  "hang",
  "failing migration",
] as const;
export type BadKind = (typeof badKinds)[number];

/** One version of an app: sound with noise, or bad in one way. */
export interface Version {
  kind: BadKind | "good";
  /** What it does, in words. */
  says: string;
  /** Statements of its function's file before the handler, then of its handler. */
  module: string;
  handler: string;
  migration?: string;
}

/** From when on it was written: by then it is released and has passed all that is asked before. */
const soundForMs = 8_000;
export const stallMs = 10_000;
/** Of the trigger of errors. */
export const errorShare = 0.05;
export const errorWindowMs = 5 * 60_000;
/** All that a good version does on purpose is over by then. */
export const noiseOverMs = soundForMs + stallMs + 5_000;

const since = "Date.now() - bornMs";
const block = (ms: string) => `Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${ms})`;
const fail = `{ response.statusCode = 500; return response.end("failed"); }`;

/** A sound version: one answer of a hundred is a 500, and once it stalls for ten seconds. */
export function goodVersion(random: Random): Version {
  const stalls = random.pick(["holds", "blocks"] as const);
  const rest = `${soundForMs + stallMs} - (${since})`;
  return {
    kind: "good",
    says: `fails 1 % and ${stalls} for 10 s`,
    module: "let asked = 0;",
    handler: `
    if (++asked % 100 === 0) ${fail}
    if (${since} > ${soundForMs} && ${rest} > 0) ${stalls === "blocks" ? block(rest) : `await new Promise((go) => setTimeout(go, ${rest}))`};`,
  };
}

export function badVersion(kind: BadKind, random: Random): Version {
  const of = (says: string, code: Partial<Version>): Version => ({
    kind,
    says,
    module: "",
    handler: "",
    ...code,
  });
  switch (kind) {
    case "crash at boot":
      return random.pick([
        of("throws when it is loaded", { module: `throw new Error("no configuration");` }),
        of("exits when it is loaded", { module: "process.exit(1);" }),
        of("dies half a second after each start", { module: "setTimeout(() => process.exit(1), 500);" }),
      ]);
    case "healthy, then 500s": {
      const share = random.pick([0.5, 0.75, 1]);
      return of(`fails ${share * 100} %`, {
        handler: `if (${since} > ${soundForMs} && Math.random() < ${share}) ${fail}`,
      });
    }
    case "slow leak": {
      const megabytes = random.integer(10, 25);
      return of(`leaks ${megabytes} MB/s`, {
        module: `
const kept = [];
setInterval(() => { if (kept.length < 500) kept.push(Buffer.alloc(${megabytes} * 100_000, 1)); }, 100);`,
      });
    }
    case "hang": {
      const how = random.pick(["holds", "blocks"] as const);
      return of(how === "holds" ? "never answers" : "blocks its event loop", {
        handler: `if (${since} > ${soundForMs}) ${how === "holds" ? "return new Promise(() => {})" : block("2 ** 31")};`,
      });
    }
    case "failing migration":
      return of("brings SQL that fails", {
        migration: `CREATE TABLE half_${random.integer(1, 1e9)} (id int);\nSELECT 1 / (count(*) - count(*)) FROM visits;\n`,
      });
  }
}

/** What is promised of every version; `protects`: of the bad ones nothing is done, and of the good ones noise is a breach. */
function runbookOf({ kind }: Version, protects: boolean): object {
  const action = protects ? "immediate_rollback" : "record";
  if (!protects && kind === "good")
    return {
      rollbackTriggers: {
        error_rate: {
          trigger: "error_rate > 0.5% for 2 seconds",
          action: "immediate_rollback",
          minimum_samples: 1,
        },
        response_time: {
          trigger: "p95 > 5s for 2 seconds",
          action: "immediate_rollback",
          minimum_samples: 1,
        },
      },
    };
  return {
    healthChecks: {
      alive: { path: "/", interval: "5 seconds", timeout: "2 seconds", consecutive_failures: 3, action },
    },
    rollbackTriggers: {
      error_rate: { threshold: "5%", window: "5 minutes", action },
      response_time: {
        ...{ threshold: "p95 > 5 seconds", window: "10 minutes" },
        action: protects ? "staged_rollback" : "record",
      },
      memory: { trigger: "memory > 200MB for 5 seconds", action },
    },
  };
}

/** Writes it as `vercel build` leaves it, with its runbook and its migrations. */
export function writeVersion(folder: string, version: Version, protects: boolean): void {
  const { module, handler, migration } = version;
  writePrebuilt(folder, {
    functions: {
      index: `const bornMs = ${Date.now()};
${module}
module.exports = async (request, response) => {
  ${handler}
  response.end("sound");
};
`,
    },
  });
  writeFileSync(
    join(folder, "runbook.ts"),
    `export default ${JSON.stringify(runbookOf(version, protects))};\n`,
  );
  const migrations = join(folder, "migrations");
  mkdirSync(migrations, { recursive: true });
  writeFileSync(join(migrations, "0001_visits.sql"), "CREATE TABLE visits (id int PRIMARY KEY);\n");
  if (migration !== undefined) writeFileSync(join(migrations, "0002_next.sql"), migration);
}
