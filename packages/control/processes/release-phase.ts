import { LogLines } from "@evenkeel/build/room/log-lines";
import { releaseProcess, secretMasker } from "@evenkeel/model";
import { first } from "../database/connection.ts";
import type { Database } from "../database/database.ts";
import { openEnvironment } from "../deployments/deployment-environment.ts";
import { getDeployment } from "../deployments/deployment-row.ts";
import { ReleasePhaseFailedError } from "../errors.ts";
import type { Job, PipelineParts } from "../pipeline/pipeline-step.ts";
import { defaultMemoryMb, readFormation } from "./formation-store.ts";
import { HostRunner } from "./host-runner.ts";
import { secureRelease } from "./secure-release.ts";

/** As at Heroku: https://devcenter.heroku.com/articles/release-phase */
const limitMs = 3_600_000;
const shownLines = 10;

interface PhaseRow {
  endedAt: Date | null;
  exitCode: number | null;
}

/**
 * Runs the `release` command of a deployment, once, before anything of it starts or is switched to. It is on record before it begins:
 * one that was under way when control ended is not run again, since nobody knows how far it came.
 *
 * @throws ReleasePhaseFailedError, and what keeps the host from starting it
 */
export async function runReleasePhase(job: Job, parts: PipelineParts): Promise<void> {
  const { id, app, environment } = job.deployment;
  const { database, layout } = parts;
  const current = await getDeployment(database, id);
  const command = current.processes?.[releaseProcess];
  if (command === undefined || (await isDone(database, id, command))) return;
  await secureRelease({ ...job, deployment: current }, parts, command);
  await begin(database, id);
  const { secrets } = await openEnvironment(database, parts.vault, id);
  const mask = secretMasker(secrets);
  const rows = await readFormation(database, app, environment);
  const last: string[] = [];
  const lines = (stream: "stdout" | "stderr") =>
    new LogLines((shown) => {
      last.push(shown);
      if (last.length > shownLines) last.shift();
      job.log.write({ atMs: Date.now(), stream, text: shown });
    }, mask);
  const output = { stdout: lines("stdout"), stderr: lines("stderr") };
  job.log.note(`Release phase: ${command}`);
  const runner = await HostRunner.start(
    layout.hostSocket,
    {
      ...{ deployment: id, command: [command], name: "release.1", limitMs },
      memoryMb: rows.find(({ type }) => type === releaseProcess)?.memoryMb ?? defaultMemoryMb,
    },
    (stream, bytes) => output[stream].write(bytes),
  );
  runner.give({ type: "endInput" });
  const leave = () => runner.leave();
  job.signal.addEventListener("abort", leave);
  try {
    const exit = await runner.ended;
    for (const each of Object.values(output)) each.end();
    await database.progress.query(
      "UPDATE release_phases SET ended_at = now(), exit_code = $2 WHERE deployment = $1",
      [id, exit.exitCode],
    );
    if (exit.exitCode !== 0 || exit.ended) throw failed(command, exit, last);
  } finally {
    job.signal.removeEventListener("abort", leave);
  }
}

/** @throws ReleasePhaseFailedError where it was begun and is not known to have succeeded */
async function isDone(database: Database, id: string, command: string): Promise<boolean> {
  const row = await first(
    database.query<PhaseRow>(
      `SELECT ended_at AS "endedAt", exit_code AS "exitCode" FROM release_phases WHERE deployment = $1`,
      [id],
    ),
  );
  if (!row) return false;
  if (row.exitCode === 0) return true;
  throw new ReleasePhaseFailedError(
    row.endedAt
      ? `The release phase failed: ${command} exited with status ${row.exitCode}`
      : `The release phase was interrupted: ${command} was under way when the platform ended, and may have done a part of its work`,
    "See what it has done, then deploy again.",
  );
}

const begin = (database: Database, id: string) =>
  database.query("INSERT INTO release_phases (deployment) VALUES ($1)", [id]);

function failed(
  command: string,
  { exitCode, ended }: { exitCode: number; ended?: "time" | "memory" | "stopped" },
  last: string[],
): ReleasePhaseFailedError {
  const how =
    ended === "time"
      ? `took longer than ${limitMs / 60_000} minutes`
      : ended === "memory"
        ? "used more than its memory"
        : `exited with status ${exitCode}`;
  const tail = last.length > 0 ? `\n${last.join("\n")}` : "";
  return new ReleasePhaseFailedError(
    `The release phase failed: ${command} ${how}${tail}`,
    "What was live before still is. The build log has all that it printed.",
  );
}
