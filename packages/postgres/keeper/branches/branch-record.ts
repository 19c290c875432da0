import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileDurably } from "@evenkeel/disk";
import type { BranchName, BranchParent, HomeLayout } from "@evenkeel/model";

/** `branch.json`: that a branch is to be, and what cannot be worked out anew. It is there once its data directory is. */
export interface BranchRecord extends BranchName {
  formatVersion: 1;
  id: string;
  /** Tells the app from an earlier one of the same name. */
  appId: string;
  /** On 127.0.0.1; stays the same, since deployments remember it. */
  port: number;
  parent?: BranchParent;
  scrubbed: boolean;
  createdAtMs: number;
  /** When somebody was connected last, as far as it is known: written when its server starts and stops. */
  usedAtMs: number;
}

const fileName = "branch.json";

const rootOf = (layout: HomeLayout): string => join(layout.postgres, "branches");

export const branchFolder = (layout: HomeLayout, { app, branch }: BranchName): string =>
  join(rootOf(layout), app, branch);

export const branchDataDir = (layout: HomeLayout, name: BranchName): string =>
  join(branchFolder(layout, name), "data");

export function writeBranchRecord(layout: HomeLayout, record: BranchRecord): void {
  const folder = branchFolder(layout, record);
  mkdirSync(folder, { recursive: true, mode: 0o711 });
  writeFileDurably(join(folder, fileName), `${JSON.stringify(record, null, 2)}\n`, 0o600);
}

/** Every branch's folder, whole or not; the record of those that have one. */
export function readBranchFolders(layout: HomeLayout): { folder: string; record?: BranchRecord }[] {
  const root = rootOf(layout);
  return namesIn(root).flatMap((app) =>
    namesIn(join(root, app)).map((branch) => {
      const folder = join(root, app, branch);
      const path = join(folder, fileName);
      if (!existsSync(path)) return { folder };
      const record = JSON.parse(readFileSync(path, "utf8")) as BranchRecord;
      // Its removal had begun: it has another name then.
      return record.branch === branch ? { folder, record } : { folder };
    }),
  );
}

const namesIn = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder).sort() : []);
