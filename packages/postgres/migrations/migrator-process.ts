/**
 * Reads and runs an app's SQL in a process of its own: what a file or a server does to the parser or the memory, it does to this
 * process only. Told what to do by one line on standard input, answers in lines on standard output.
 *
 * When standard input ends, the work is given up: the connection breaks, and PostgreSQL rolls back. Only what cannot be rolled back
 * (an index that is built CONCURRENTLY) goes on to the end of its migration first, since giving it up would leave it half-way.
 */
import { writeFileSync, writeSync } from "node:fs";
import { errorJson } from "@evenkeel/model";
import { explainConnection } from "../client/database-address.ts";
import { withSession } from "../client/session.ts";
import { readLedger, resolveMigration } from "./ledger.ts";
import type { MigratorMessage, MigratorRequest } from "./migrator-protocol.ts";
import { hasContent, planMigrations, runMigrations } from "./run-migrations.ts";
import { shorten } from "./run-statement.ts";

const shownStatements = 1_000;

let wanted = true;
let indivisible = false;

preferAsVictim();
const request = await readRequest();
try {
  tell({ type: "done", result: await answer(request) });
} catch (error) {
  tell({ type: "failed", error: errorJson(explainConnection(error, request.address)) });
}
process.exit(0);

function answer(request: MigratorRequest): Promise<unknown> {
  const { address } = request;
  switch (request.type) {
    case "plan":
      return planMigrations(address, request.set);
    case "run":
      return run(request);
    case "ledger":
      return withSession({ ...address, statement_timeout: 5_000 }, async (client) => ({
        ledger: await readLedger(client),
        hasContent: await hasContent(client),
      }));
    case "resolve":
      return withSession(address, (client) => resolveMigration(client, request.outcome, request.set));
  }
}

function run({ address, set, approval }: Extract<MigratorRequest, { type: "run" }>): Promise<unknown> {
  let current = "";
  let shown = 0;
  return runMigrations({
    connection: address,
    set,
    approval,
    onWaiting: () => log("Waiting for another run of migrations in this database"),
    onLog({ migration, file, line, text, durationMs }) {
      if (migration !== current) log(`Migration ${migration}`);
      current = migration;
      if (++shown <= shownStatements) log(`  ${file}:${line}  ${shorten(text)}  ${durationMs} ms`);
      if (shown === shownStatements) log("  The statements after this are not shown.");
    },
    onNotice: (text) => log(`  ${shorten(text)}`),
    onRetry: () => log("  It did not get its lock; trying again"),
    onIndivisible(now) {
      indivisible = now;
      if (!now && !wanted) process.exit(1);
    },
  });
}

async function readRequest(): Promise<MigratorRequest> {
  const { promise, resolve } = Promise.withResolvers<MigratorRequest>();
  let received = "";
  let told = false;
  process.stdin.setEncoding("utf8");
  process.stdin.on("data", (chunk: string) => {
    if (told) return;
    received += chunk;
    const lineEnd = received.indexOf("\n");
    if (lineEnd === -1) return;
    told = true;
    resolve(JSON.parse(received.slice(0, lineEnd)));
  });
  process.stdin.on("end", giveUp);
  process.stdin.on("error", giveUp);
  return promise;
}

function giveUp(): void {
  wanted = false;
  if (!indivisible) process.exit(1);
}

function log(text: string): void {
  tell({ type: "log", text });
}

function tell(message: MigratorMessage): void {
  const line = Buffer.from(`${JSON.stringify(message)}\n`);
  try {
    for (let at = 0; at < line.length; ) at += writeSync(1, line, at);
  } catch {
    // Whoever asked is gone.
  }
}

/** Where memory runs out, the kernel is to end this process and not the control plane. */
function preferAsVictim(): void {
  try {
    writeFileSync("/proc/self/oom_score_adj", "800");
  } catch {
    // Not Linux.
  }
}
