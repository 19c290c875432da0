import type { BuildLogLine } from "@evenkeel/build";
import { appLogFolder, LineTest, LogFollower } from "@evenkeel/logs";
import type { DeploymentId, HomeLayout } from "@evenkeel/model";
import type { ProgressEvent } from "../api/contract/index.ts";
import type { Place } from "../apps/hosts.ts";
import type { Database } from "../database/database.ts";
import { buildLogLine } from "../logs/build-log.ts";
import type { ProgressHub, ProgressNote } from "../pipeline/progress-hub.ts";
import { type DeploymentRow, getDeployment, isUnderWay } from "./deployment-row.ts";
import { deploymentView } from "./deployment-view.ts";

export interface FollowParts {
  layout: HomeLayout;
  place: Place;
  database: Database;
  hub: ProgressHub;
}

/** Everything about a deployment's way from its beginning to its end, then `done`. */
export async function* followDeployment(
  parts: FollowParts,
  id: DeploymentId,
  signal: AbortSignal,
): AsyncGenerator<ProgressEvent, void, void> {
  const notes = new NoteQueue(parts.hub, id, signal);
  const row = await getDeployment(parts.database, id).catch((error) => {
    notes.close();
    throw error;
  });
  const log = followBuildLog(parts.layout, row);
  try {
    const deployment = await deploymentView(parts.database, row, parts.place);
    yield { type: "deployment", deployment };
    for (const step of deployment.steps) if (step.state !== "waiting") yield { type: "step", step };
    let over = !isUnderWay(row.state);
    while (!over && !signal.aborted) {
      for await (const line of newLines(log)) yield { type: "log", line };
      const note = await notes.next();
      if (note.type === "step") yield { type: "step", step: note.step };
      // Somebody else may end it (superseded by another process's life, removed): the row decides.
      else if (note.type === "ended") over = true;
    }
    for await (const line of newLines(log)) yield { type: "log", line };
    if (signal.aborted) return;
    const last = await getDeployment(parts.database, id);
    yield { type: "done", deployment: await deploymentView(parts.database, last, parts.place) };
  } finally {
    notes.close();
    await log.close();
  }
}

/** The lines of the build log so far, and with `follow` those that come until the deployment has ended. */
export async function* readBuildLog(
  parts: FollowParts,
  id: DeploymentId,
  follow: boolean,
  signal: AbortSignal,
): AsyncGenerator<BuildLogLine, void, void> {
  if (follow) {
    for await (const event of followDeployment(parts, id, signal)) if (event.type === "log") yield event.line;
    return;
  }
  const log = followBuildLog(parts.layout, await getDeployment(parts.database, id));
  try {
    yield* newLines(log);
  } finally {
    await log.close();
  }
}

/** From its first line on. */
function followBuildLog(layout: HomeLayout, { app, id, createdAt }: DeploymentRow): LogFollower {
  // Clocks of database and log are the machine's; a moment's grace costs nothing.
  const query = { deployment: id, build: true, writers: ["control"], sinceMs: createdAt.getTime() - 60_000 };
  return new LogFollower(appLogFolder(layout, app), new LineTest(query), {});
}

async function* newLines(log: LogFollower): AsyncGenerator<BuildLogLine, void, void> {
  for (let lines = await log.read(); lines.length > 0; lines = await log.read()) {
    yield* lines.map(buildLogLine);
  }
}

/** What the hub says from the moment of its making on, in order. */
class NoteQueue {
  private readonly notes: ProgressNote[] = [];
  private wake: () => void = () => {};
  private readonly unlisten: () => void;

  constructor(
    hub: ProgressHub,
    id: DeploymentId,
    private readonly signal: AbortSignal,
  ) {
    this.unlisten = hub.listen(id, (note) => {
      // One note says as much as many: what is new stands in the file.
      if (note.type === "log" && this.notes.at(-1)?.type === "log") return;
      this.notes.push(note);
      this.wake();
    });
    signal.addEventListener("abort", () => this.wake(), { once: true });
  }

  async next(): Promise<ProgressNote> {
    if (this.notes.length === 0 && !this.signal.aborted) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    return this.notes.shift() ?? { type: "log" };
  }

  close(): void {
    this.unlisten();
  }
}
