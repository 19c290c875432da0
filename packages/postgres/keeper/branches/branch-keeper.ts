import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { loadOrCreateKey } from "@evenkeel/disk";
import {
  type AppEnvironment,
  type BranchName,
  type BranchReport,
  type BranchWish,
  errorJson,
  type HomeLayout,
  randomId,
} from "@evenkeel/model";
import { type BranchSource, requireRoom } from "../../branch/index.ts";
import { sharesBlocks } from "../../branch/shares-blocks.ts";
import { BranchUnknownError, DiskSpaceError } from "../../errors.ts";
import { type DiskSpace, diskSpace, isAlmostFull } from "../../server/free-space.ts";
import { killServer } from "../../server/kill-server.ts";
import type { ServerSettings } from "../../server/server-settings.ts";
import type { AppDatabase } from "../app-database.ts";
import type { OnProgress } from "../cluster-protection.ts";
import {
  type BranchRecord,
  branchDataDir,
  branchFolder,
  readBranchFolders,
  writeBranchRecord,
} from "./branch-record.ts";
import { KeptBranch } from "./kept-branch.ts";

export interface BranchKeeperParts {
  layout: HomeLayout;
  /** @throws AppDatabaseUnknownError */
  database: (name: AppEnvironment) => AppDatabase;
  /** One that no database has. */
  allotPort: () => number;
  settings?: ServerSettings | undefined;
  /** Default: of the disk that holds them. */
  disk?: () => DiskSpace;
  /** A server to which nobody is connected is stopped after this; default 5 minutes. */
  idleMs?: number;
}

const lookEveryMs = 15_000;
const keyOf = ({ app, branch }: BranchName): string => `${app}/${branch}`;

/** All branches on this machine. One that is there has its record and its whole data directory; the rest was interrupted, and is removed. */
export class BranchKeeper {
  private readonly branches = new Map<string, KeptBranch>();
  private readonly underWay = new Map<string, Promise<BranchReport>>();
  private swept: Promise<void> = Promise.resolve();
  private timer: ReturnType<typeof setInterval> | undefined;

  private readonly idleMs: number;
  private readonly disk: () => DiskSpace;

  constructor(private readonly parts: BranchKeeperParts) {
    this.idleMs = parts.idleMs ?? 300_000;
    this.disk = parts.disk ?? (() => diskSpace(parts.layout.postgres));
  }

  open(): void {
    const interrupted: string[] = [];
    for (const { folder, record } of readBranchFolders(this.parts.layout)) {
      if (record && existsSync(join(folder, "data"))) {
        void this.tend(this.add(record));
      } else interrupted.push(folder);
    }
    this.swept = Promise.all(interrupted.map(discard)).then(() => {});
    this.timer = setInterval(
      () => {
        for (const branch of this.branches.values()) void this.tend(branch);
      },
      Math.min(lookEveryMs, this.idleMs),
    );
  }

  /** Where its port was taken by another program, it is tried again. None writes on when the disk is almost full. */
  private async tend(branch: KeptBranch): Promise<void> {
    try {
      if (!branch.isMade) return;
      await branch.open();
      await (isAlmostFull(this.disk()) ? branch.sleep() : branch.sleepWhenIdle(this.idleMs));
    } catch (error) {
      console.error(`Branch ${keyOf(branch.record)}: ${errorJson(error).message}`);
    }
  }

  /** Servers go on; connections through us break. */
  async release(): Promise<void> {
    clearInterval(this.timer);
    await Promise.all([...this.branches.values()].map((branch) => branch.release()));
  }

  get ports(): number[] {
    return [...this.branches.values()].map(({ record }) => record.port);
  }

  list(): BranchReport[] {
    return [...this.branches.values()].map((branch) => branch.report());
  }

  variables(name: BranchName): Record<string, string> {
    const branch = this.branches.get(keyOf(name));
    if (branch) return branch.variables();
    throw new BranchUnknownError(`The database of ${name.app} has no branch ${name.branch}`, {
      hint: `Make it: evenkeel db branch ${name.app} ${name.branch}`,
    });
  }

  /** Makes it where it is missing. Whoever asks while it is made shares the result. */
  make(wish: BranchWish, onProgress: OnProgress): Promise<BranchReport> {
    const key = keyOf(wish);
    const known = this.underWay.get(key);
    if (known) return known;
    const making = this.makeOnce(wish, onProgress).finally(() => this.underWay.delete(key));
    this.underWay.set(key, making);
    return making;
  }

  async remove(name: BranchName): Promise<void> {
    await this.swept;
    await this.underWay.get(keyOf(name))?.catch(() => {});
    const branch = this.branches.get(keyOf(name));
    if (!branch) return;
    await branch.remove();
    this.branches.delete(keyOf(name));
    rmSync(this.passwordPath(branch.record), { force: true });
  }

  private async makeOnce(wish: BranchWish, onProgress: OnProgress): Promise<BranchReport> {
    await this.swept;
    const key = keyOf(wish);
    const known = this.branches.get(key);
    // An app of the same name, gone before its branch was.
    if (known && known.record.appId !== wish.appId) {
      await known.remove();
      this.branches.delete(key);
    }
    const branch = this.branches.get(key) ?? this.create(wish);
    try {
      const source = branch.isMade ? undefined : await this.sourceOf(wish, onProgress);
      await branch.make({ source, scrubSql: wish.scrubSql }, onProgress);
      return branch.report();
    } catch (error) {
      if (!branch.isMade) {
        await branch.remove();
        this.branches.delete(key);
        rmSync(this.passwordPath(branch.record), { force: true });
      }
      throw error;
    }
  }

  private async sourceOf(wish: BranchWish, onProgress: OnProgress): Promise<BranchSource | undefined> {
    const { app, parent } = wish;
    if (!parent) return undefined;
    const database = this.parts.database({ app, environment: parent.environment });
    const source = await database.branchSource(parent.to, onProgress);
    if (source.kind !== "running") {
      this.requireRoom(wish, database);
      return source;
    }
    const { exclusively } = source;
    // In its turn: copies that were made meanwhile count.
    return {
      ...source,
      exclusively: (copy) =>
        exclusively!(async () => {
          this.requireRoom(wish, database);
          await copy();
        }),
    };
  }

  private requireRoom({ app, limits }: BranchWish, parent: AppDatabase): void {
    const { layout } = this.parts;
    const others = [...this.branches.values()].filter(({ record }) => record.app === app);
    requireRoom({
      sourceBytes: parent.dataBytes(),
      heldBytes: others.reduce((sum, branch) => sum + branch.sizeBytes(), 0),
      limits,
      disk: this.disk(),
      sharesBlocks: sharesBlocks(layout.postgres),
    });
  }

  private create({ app, branch, appId, parent, scrubSql }: BranchWish): KeptBranch {
    const record: BranchRecord = {
      ...{ formatVersion: 1, id: randomId(10), app, branch, appId, port: this.parts.allotPort() },
      ...(parent ? { parent } : {}),
      ...{ scrubbed: parent !== undefined && scrubSql !== undefined },
      ...{ createdAtMs: Date.now(), usedAtMs: Date.now() },
    };
    writeBranchRecord(this.parts.layout, record);
    return this.add(record);
  }

  private add(record: BranchRecord): KeptBranch {
    const { layout, allotPort, settings } = this.parts;
    const kept = new KeptBranch({
      ...{ record, allotPort, settings },
      folder: branchFolder(layout, record),
      dataDir: branchDataDir(layout, record),
      socketDir: layout.databaseServerSockets,
      password: Buffer.from(loadOrCreateKey(this.passwordPath(record))).toString("base64url"),
      saveRecord: (changed) => writeBranchRecord(layout, changed),
      refuseWhenFull: () => {
        if (!isAlmostFull(this.disk())) return;
        throw new DiskSpaceError(`The disk is almost full, so branch ${record.branch} does not start`, {
          hint: "Remove branches that nobody needs, or free space on the disk.",
        });
      },
    });
    this.branches.set(keyOf(record), kept);
    return kept;
  }

  private passwordPath({ id }: BranchRecord): string {
    return join(this.parts.layout.keys, "databases", `${id}.password.key`);
  }
}

/** Half a copy, and the server that may still recover or scrub in it. */
async function discard(folder: string): Promise<void> {
  for (const name of readdirSync(folder, { withFileTypes: true })) {
    if (name.isDirectory()) await killServer(join(folder, name.name));
  }
  rmSync(folder, { recursive: true, force: true });
}
