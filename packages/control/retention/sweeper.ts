import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { listOutputs, planRetention, removeBuildFolder, sweepArtifacts, sweepUploads } from "@evenkeel/build";
import { uploadPath } from "@evenkeel/build/source/upload-layout";
import { logsFolder } from "@evenkeel/logs";
import type { DeploymentId, HomeLayout } from "@evenkeel/model";
import type { Database } from "../database/database.ts";
import type { Branches } from "../databases/branches.ts";
import { underWay } from "../deployments/deployment-row.ts";
import { removeDeployment } from "../deployments/remove-deployment.ts";
import { withdraw } from "../deployments/withdraw-deployment.ts";
import { runGit } from "../git/git-command.ts";
import type { HostLink } from "../instances/host-link.ts";
import { forgetOldRuns } from "../schedules/run-store.ts";
import type { Serving } from "../serving/serving.ts";
import { compactServing } from "../serving/serving-log.ts";
import {
  expiredDeployments,
  neededOutputs,
  neededUploads,
  type RetentionPolicy,
  usualRetention,
} from "./needed.ts";

const sweepEveryMs = 6 * 3_600_000;
/** After a start others have more urgent work. */
const firstSweepMs = 5 * 60_000;
const uploadGraceMs = 24 * 3_600_000;

export interface SweeperParts {
  layout: HomeLayout;
  database: Database;
  serving: Serving;
  host: HostLink;
  branches: Branches;
}

/** Removes what nothing needs any more. Every part may be interrupted and is done again by the next sweep. */
export class Sweeper {
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly parts: SweeperParts,
    private readonly policy: RetentionPolicy = usualRetention,
  ) {}

  start(delayMs = firstSweepMs): void {
    this.timer = setTimeout(async () => {
      await this.sweepQuietly();
      if (this.timer) this.start(sweepEveryMs);
    }, delayMs);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  /** What the life before left half-done: build folders, and what edges still serve of deployments that did not go live. */
  async clearLeftovers(): Promise<void> {
    const { layout, database } = this.parts;
    const rows = await database.query<{ id: DeploymentId }>(
      `SELECT id FROM deployments WHERE state IN ${underWay}`,
    );
    const busy = new Set<string>(rows.map((row) => row.id));
    for (const name of await readdir(layout.builds).catch(() => [])) {
      if (/^[a-z0-9]{9}$/.test(name) && !busy.has(name)) await removeBuildFolder(layout, name);
    }
    const served = await database.query<{ id: DeploymentId }>(
      `SELECT deployments.id FROM deployments JOIN aliases ON aliases.deployment = deployments.id AND aliases.kind = 'deployment'
       WHERE deployments.state NOT IN ('ready', 'queued', 'building', 'deploying')`,
    );
    for (const { id } of served) await withdraw(this.parts, id);
    for (const name of await readdir(layout.git).catch(() => [])) {
      if (/^\.(?:new|removed)-/.test(name))
        await rm(join(layout.git, name), { recursive: true, force: true });
    }
  }

  async sweep(nowMs = Date.now()): Promise<void> {
    const { layout, database } = this.parts;
    for (const deployment of await expiredDeployments(database, this.policy)) {
      await removeDeployment(this.parts, deployment, "retention");
    }
    const plan = planRetention(await listOutputs(layout), await neededOutputs(database), nowMs);
    await sweepArtifacts(layout, plan.remove);
    const uploads = await neededUploads(database);
    await sweepUploads(
      layout,
      new Set([...uploads].map((sha) => uploadPath(layout, sha))),
      nowMs - uploadGraceMs,
    );
    await this.parts.branches.settle();
    await this.sweepLogs();
    await this.packRepositories();
    await compactServing(database);
    await forgetOldRuns(database);
  }

  private async sweepQuietly(): Promise<void> {
    try {
      await this.sweep();
    } catch (error) {
      console.error(
        `control: the sweep was not finished, the next one goes on: ${error instanceof Error ? error.message : error}`,
      );
    }
  }

  /** Pushes leave loose objects and small packs; `receive.autogc` is off, since a pusher would wait for it. */
  private async packRepositories(): Promise<void> {
    const { layout } = this.parts;
    for (const name of await readdir(layout.git).catch(() => [])) {
      if (name.endsWith(".git"))
        await runGit(["--git-dir", join(layout.git, name), "gc", "--auto", "--quiet"]);
    }
  }

  /** Of apps that are not there any more, and of a time when each deployment had a folder of its own. */
  private async sweepLogs(): Promise<void> {
    const { layout, database } = this.parts;
    const rows = await database.query<{ name: string }>("SELECT name FROM apps");
    const known = new Set(rows.map(({ name }) => name));
    for (const app of await readdir(logsFolder(layout)).catch(() => [])) {
      if (!known.has(app)) await rm(join(logsFolder(layout), app), { recursive: true, force: true });
    }
    for (const name of await readdir(layout.logs).catch(() => [])) {
      if (name !== "apps" && name !== "platform")
        await rm(join(layout.logs, name), { recursive: true, force: true });
    }
  }
}
