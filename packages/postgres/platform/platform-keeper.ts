import { existsSync } from "node:fs";
import { loadOrCreateKey } from "@evenkeel/disk";
import {
  type ArchivePlace,
  errorJson,
  type HomeLayout,
  type PlatformProtection,
  type PlatformRequest,
} from "@evenkeel/model";
import { openTarget } from "../archive/open-target.ts";
import { probeTarget } from "../archive/probe-target.ts";
import { waitAtMost } from "../client/waiting.ts";
import { ClusterProtection, type OnProgress } from "../keeper/cluster-protection.ts";
import type { MeasuredProtection } from "../keeper/measure/database-measures.ts";
import { readSchedule, usualTerms } from "../keeper/protection-terms.ts";
import { isInside, readArchivePlace, writeArchivePlace } from "./archive-place.ts";
import { FileCopier } from "./file-copier.ts";
import { platformArchives } from "./platform-archives.ts";
import { platformDatabase } from "./platform-database.ts";

/** How old the copy of a file may be. */
const lookEveryMs = 5_000;
/** A copy is followed by so many times its duration without one. */
const restShare = 20;
/** After a start others have more urgent work. */
const firstBackupMs = 20_000;

/**
 * Protects the platform itself: its own database, which the supervisor keeps running, as an app's; and the files beside it that a platform made anew
 * needs, copied within seconds of each change.
 */
export class PlatformKeeper {
  private readonly place: ArchivePlace;
  private readonly database: ClusterProtection;
  private readonly files: FileCopier;
  private filesError: unknown;
  private turn: Promise<unknown> = Promise.resolve();
  private copying: Promise<void> = Promise.resolve();
  private ended = false;
  private readonly ending = Promise.withResolvers<void>();

  /** @param restart has the process end, so that its successor works with the new place */
  constructor(
    private readonly layout: HomeLayout,
    private readonly restart: () => void,
  ) {
    this.place = readArchivePlace(layout);
    const archives = platformArchives(this.place, loadOrCreateKey(layout.recoveryKey));
    const { dataDir, spoolDir } = platformDatabase(layout);
    const terms = { clauses: readSchedule(usualTerms.schedule), zeroLoss: false };
    this.database = new ClusterProtection({
      ...{ dataDir: () => dataDir, spoolDir, archive: archives.database, terms: () => terms },
      inTurn: (work) => this.inTurn(work),
      note: (event, error) => this.note(event, error),
    });
    this.files = new FileCopier(layout, archives.files, { withBuckets: !isInside(layout, this.place) });
  }

  open(): void {
    const { connection } = platformDatabase(this.layout);
    this.database.start(() => connection);
    void this.database.keepSchedule(async () => connection, firstBackupMs);
    void this.keepFiles();
  }

  /** Ships what has come and copies what has changed. */
  async release(): Promise<void> {
    this.ended = true;
    this.ending.resolve();
    await Promise.all([this.database.end(), this.copyFiles()]);
  }

  /** What is measured of the platform's own database. @throws what reading the archive throws */
  measure(): Promise<MeasuredProtection> {
    return this.database.measure();
  }

  async answer(request: PlatformRequest, onProgress: OnProgress): Promise<{ platform: PlatformProtection }> {
    switch (request.type) {
      case "platform":
        break;
      case "backupPlatform":
        await this.backUp(onProgress);
        break;
      case "placeArchive":
        onProgress({ step: "Trying the place" });
        await probeTarget(openTarget(request.place));
        writeArchivePlace(this.layout, request.place);
        this.restart();
        break;
    }
    return { platform: await this.report() };
  }

  private async backUp(onProgress: OnProgress): Promise<void> {
    const { connection } = platformDatabase(this.layout);
    onProgress({ step: "Copying keys, build outputs and repositories" });
    await this.copyFiles();
    if (this.filesError !== undefined) throw this.filesError;
    await this.inTurn(() => this.database.backUp("manual", connection, onProgress));
    // What was released meanwhile.
    await this.copyFiles();
    await this.database.flush();
  }

  private async report(): Promise<PlatformProtection> {
    const { layout, place, database, files } = this;
    const newest = await database.newestBackupMs().catch(() => undefined);
    return {
      archive: openTarget(place).description,
      onThisMachine: isInside(layout, place),
      recoveryKeyExported: existsSync(layout.recoveryKeyExported),
      database: {
        ...database.state(),
        ...(newest === undefined ? {} : { newestBackupMs: newest }),
      },
      files: {
        ...(files.copiedAtMs === undefined ? {} : { copiedAtMs: files.copiedAtMs }),
        ...(this.filesError === undefined ? {} : { error: errorJson(this.filesError) }),
      },
    };
  }

  private async keepFiles(): Promise<void> {
    while (!this.ended) {
      const begunMs = Date.now();
      await this.copyFiles();
      // A large platform that changes all the time is not to be copied all the time.
      const restMs = Math.max(lookEveryMs, restShare * (Date.now() - begunMs));
      await waitAtMost(restMs, this.ending.promise);
    }
  }

  /** One copy at a time. */
  private copyFiles(): Promise<void> {
    this.copying = this.copying.then(async () => {
      try {
        await this.files.copyIfChanged();
        this.filesError = undefined;
      } catch (error) {
        if (this.filesError === undefined) this.note("copy_failed", error);
        this.filesError = error;
      }
    });
    return this.copying;
  }

  private inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.turn.then(work);
    this.turn = result.catch(() => {});
    return result;
  }

  private note(event: string, error?: unknown): void {
    const reason = error === undefined ? "" : `: ${errorJson(error).message}`;
    console.log(`${new Date().toISOString()} platform ${event}${reason}`);
  }
}
