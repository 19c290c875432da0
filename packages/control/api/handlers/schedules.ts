import { getApp } from "../../apps/app-store.ts";
import { record } from "../../audit/audit-log.ts";
import type { Connection } from "../../database/connection.ts";
import { ScheduleNotReleasedError } from "../../errors.ts";
import { getJob, type JobRow, listJobs, pauseJob, resumeJob, setPolicy } from "../../schedules/job-store.ts";
import { askForRun, getRun, lastRuns, listRuns } from "../../schedules/run-store.ts";
import { runView, scheduleView } from "../../schedules/schedule-view.ts";
import type { Schedule, scheduleRoutes } from "../contract/index.ts";
import type { Given, HandlersOf } from "../handler.ts";
import type { ControlParts } from "./control-parts.ts";

type Named = Pick<Given<{ app: JobRow["app"]; schedule: string }, undefined, undefined>, "params" | "caller">;

export function scheduleHandlers(parts: ControlParts): HandlersOf<typeof scheduleRoutes> {
  const { database, scheduler } = parts;
  const jobOf = ({ params }: Pick<Named, "params">) => getJob(database, params.app, params.schedule);
  /** The change and its audit row, together. */
  const change = async (
    { params, caller }: Named,
    action: string,
    work: (connection: Connection, job: JobRow) => Promise<JobRow>,
    detail?: object,
  ): Promise<Schedule> => {
    const changed = await database.transaction(async (connection) => {
      const job = await getJob(connection, params.app, params.schedule);
      await record(connection, {
        ...{ who: caller.name, action, app: params.app, object: job.name },
        ...(detail && { detail: { ...detail } }),
      });
      return work(connection, job);
    });
    scheduler.nudge();
    const [last] = await lastRuns(database, [changed.id]);
    return scheduleView(changed, last);
  };
  return {
    async listSchedules({ params: { app } }) {
      await getApp(database, app);
      const jobs = await listJobs(database, app);
      const last = await lastRuns(
        database,
        jobs.map(({ id }) => id),
      );
      return {
        schedules: jobs.map((job) =>
          scheduleView(
            job,
            last.find((run) => run.job === job.id),
          ),
        ),
      };
    },
    setSchedule: (given) =>
      change(given, "schedule.set", (connection, job) => setPolicy(connection, job, given.body), given.body),
    pauseSchedule: (given) =>
      change(given, "schedule.pause", (connection, job) => pauseJob(connection, job, given.caller.name)),
    resumeSchedule: (given) =>
      change(given, "schedule.resume", (connection, job) => resumeJob(connection, job, Date.now())),
    async listScheduleRuns({ params, query }) {
      const job = await jobOf({ params });
      const before = query.before === undefined ? undefined : new Date(query.before);
      return { runs: (await listRuns(database, job.id, { before, limit: query.limit })).map(runView) };
    },
    async runSchedule({ params, caller }) {
      const run = await database.transaction(async (connection) => {
        const job = await getJob(connection, params.app, params.schedule);
        if (job.definition === null) throw new ScheduleNotReleasedError(params.app, job.name);
        const asked = await askForRun(connection, job, caller.name, Date.now());
        await record(connection, {
          ...{ who: caller.name, action: "schedule.run", app: params.app, object: job.name },
          detail: { run: asked.id },
        });
        return asked;
      });
      scheduler.nudge();
      return runView(run);
    },
    async getScheduleRun({ params }) {
      return runView(await getRun(database, await jobOf({ params }), params.run));
    },
  };
}
