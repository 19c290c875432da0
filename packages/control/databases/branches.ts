import {
  type AppName,
  type BranchName,
  type BranchParent,
  type BranchReport,
  branchHost,
  type DatabaseProgress,
  ReportedError,
} from "@evenkeel/model";
import type { BranchPurpose } from "../api/contract/index.ts";
import { getApp } from "../apps/app-store.ts";
import type { Place } from "../apps/hosts.ts";
import type { Database } from "../database/database.ts";
import { underWay } from "../deployments/deployment-row.ts";
import { type BranchRow, giveUpBranch, listBranchRows, wantBranch } from "./branch-store.ts";
import type { DatabasesLink } from "./databases-link.ts";
import { type Previews, unwantedBecause } from "./unwanted-branch.ts";

export interface EnsureBranch extends BranchName {
  purpose: BranchPurpose;
  deployment?: string;
  /** Absent: it is empty. */
  parent?: BranchParent;
  who: string;
}

const gibibyte = 1024 ** 3;
/** Where the app's settings say nothing. */
export const usualBranchLimits = { sizeBytes: 10 * gibibyte, totalBytes: 40 * gibibyte };

const keyOf = ({ app, branch }: BranchName): string => `${app}/${branch}`;

/**
 * Branches of apps' databases. The rows of `database_branches` say which are wanted and previews keep theirs; `settle` brings the keeper's
 * to that. Nothing else removes one, so whoever takes a preview away only has to call it.
 */
export class Branches {
  private settling: Promise<void> = Promise.resolve();
  /** Those that somebody is about to use are not removed. */
  private readonly wantedNow = new Map<string, number>();

  constructor(
    private readonly database: Database,
    private readonly databases: DatabasesLink,
    private readonly place: Place,
  ) {}

  /**
   * Makes it where it is missing.
   *
   * @throws BranchTakenError, ReportedError with the keeper's code; the branch is then not there
   */
  async ensure(
    wish: EnsureBranch,
    onProgress?: (progress: DatabaseProgress) => void,
  ): Promise<{ report: BranchReport; created: boolean }> {
    const key = keyOf(wish);
    this.wantedNow.set(key, (this.wantedNow.get(key) ?? 0) + 1);
    try {
      // A removal that has begun comes to its end first.
      await this.settling;
      return await this.make(wish, onProgress);
    } finally {
      const left = this.wantedNow.get(key)! - 1;
      if (left > 0) this.wantedNow.set(key, left);
      else this.wantedNow.delete(key);
    }
  }

  /** With what the keeper knows of them. */
  async list(app: AppName): Promise<{ row: BranchRow; report: BranchReport }[]> {
    const rows = await listBranchRows(this.database, app);
    // Without any there is nobody to ask.
    if (rows.length === 0) return [];
    const { branches = [] } = await this.databases.ask({ type: "branches" });
    return rows.flatMap((row) => {
      const report = branches.find(({ app, branch }) => app === row.app && branch === row.branch);
      return report ? [{ row, report }] : [];
    });
  }

  /** Removes what is not wanted any more; what fails now is done at the next call, at the latest when the keeper is back. */
  settle(): Promise<void> {
    this.settling = this.settling
      .then(() => this.settleOnce())
      .catch((error) => console.error(`control: clearing branches: ${error.message}`));
    return this.settling;
  }

  private async make(
    wish: EnsureBranch,
    onProgress?: (progress: DatabaseProgress) => void,
  ): Promise<{ report: BranchReport; created: boolean }> {
    const { app, branch, parent, purpose } = wish;
    const { id: appId, settings } = await getApp(this.database, app);
    const created = await this.database.transaction((connection) =>
      wantBranch(connection, { ...wish, ...(parent ? { detail: { parent } } : {}) }),
    );
    const scrubSql = purpose === "look" ? undefined : settings.branchScrubSql;
    try {
      const reply = await this.databases.ask(
        {
          ...{ type: "branch", app, branch, appId },
          limits: {
            sizeBytes: settings.branchLimitBytes ?? usualBranchLimits.sizeBytes,
            totalBytes: settings.branchTotalLimitBytes ?? usualBranchLimits.totalBytes,
          },
          ...(parent ? { parent } : {}),
          ...(parent && scrubSql ? { scrubSql } : {}),
        },
        onProgress,
      );
      return { report: reply.branch!, created };
    } catch (error) {
      // The keeper has refused it: there is none.
      if (created && error instanceof ReportedError) {
        await giveUpBranch(this.database, { app, branch, who: wish.who, reason: error.message });
      }
      throw error;
    }
  }

  private async settleOnce(): Promise<void> {
    // It is done when the keeper is back, for which nobody has to wait.
    if (!this.databases.isConnected) return;
    const { branches = [] } = await this.databases.ask({ type: "branches" });
    const rows = new Map((await listBranchRows(this.database)).map((row) => [keyOf(row), row]));
    const previews = await this.previews();
    for (const report of branches) {
      const key = keyOf(report);
      const row = rows.get(key);
      rows.delete(key);
      const reason = unwantedBecause(row?.appId === report.appId ? row : undefined, previews, {
        ...{ usedAtMs: report.usedAtMs, nowMs: Date.now(), domain: this.place.domain },
      });
      if (reason === undefined || this.wantedNow.has(key)) continue;
      const { app, branch } = report;
      if (row?.appId === report.appId) {
        await giveUpBranch(this.database, { app, branch, who: "evenkeel", reason });
      }
      await this.databases.ask({ type: "removeBranch", app, branch });
    }
    // It was never made, or somebody has removed it by hand.
    for (const [key, { app, branch }] of rows) {
      if (this.wantedNow.has(key)) continue;
      await giveUpBranch(this.database, { app, branch, who: "evenkeel", reason: "there is none" });
    }
  }

  private async previews(): Promise<Previews> {
    const aliases = await this.database.query<{ host: string }>(
      "SELECT host FROM aliases WHERE kind = 'branch'",
    );
    const deployments = await this.database.query<{
      id: string;
      app: AppName;
      branch: string | null;
      ready: boolean;
    }>(
      `SELECT id, app, branch, state = 'ready' AS ready FROM deployments
       WHERE environment = 'preview' AND ((state = 'ready' AND branch IS NULL) OR state IN ${underWay})`,
    );
    return {
      hosts: new Set(aliases.map(({ host }) => host)),
      deployments: new Set(deployments.map(({ id }) => id)),
      coming: new Set(
        deployments.flatMap(({ app, branch, ready }) =>
          ready || branch === null ? [] : [branchHost(app, branch, this.place.domain)],
        ),
      ),
    };
  }
}
