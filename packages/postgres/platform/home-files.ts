import { lstatSync } from "node:fs";
import { basename, join } from "node:path";
import { entriesOf } from "@evenkeel/disk";
import type { HomeLayout } from "@evenkeel/model";

/** Whether a file's name says its content, so that one that is there never changes. */
export const namesItsContent = (path: string): boolean =>
  path.startsWith("artifacts/files/") || /^blobs\/[^/]+\/[^/]+\/data\//.test(path);

/** Half of a file, or of a folder, that a writer has not finished. */
const unfinished = /\.tmp-|\.lock$|^tmp_|^\.(new|removed)-/;

/**
 * The files without which the platform cannot be made anew, beside the contents of databases: keys, settings, which databases there are,
 * build outputs, git repositories, and apps' buckets where the archive is elsewhere.
 *
 * Left out are caches, logs, running builds, and the recovery key.
 */
export class HomeFileList {
  private readonly outside: ReadonlySet<string>;

  /** @param withBuckets beside them, in the data directory, a copy of every object would only cost room */
  constructor(
    private readonly layout: HomeLayout,
    private readonly withBuckets: boolean,
  ) {
    const { archivePlace, formerArchivePlaces } = layout;
    this.outside = new Set([
      layout.recoveryKey,
      layout.recoveryKeyExported,
      archivePlace,
      formerArchivePlaces,
    ]);
  }

  /** Cheap: does not look into the store of build outputs. */
  fingerprint(): string {
    const { home, artifactOutputs } = this.layout;
    const watched = [
      artifactOutputs,
      ...[...this.settings(), ...this.refs()].map((path) => join(home, path)),
    ];
    return watched.map((path) => `${path} ${modified(path)}`).join("\n");
  }

  /** Files that name others: databases, keys, outputs, refs. Relative to the data directory. */
  naming(): string[] {
    return [...this.settings(), ...this.refs(), ...this.under(this.layout.artifactOutputs)];
  }

  /**
   * What they name. Listed after those were read, since writers go the other way: so all that a copy names is in it, whatever is written
   * meanwhile.
   */
  named(): string[] {
    const objects = this.repositories().flatMap((repository) => this.under(join(repository, "objects")));
    const blobs = this.buckets().flatMap((bucket) => this.under(join(bucket, "data")));
    return [...objects, ...blobs, ...this.under(this.layout.artifactFiles)];
  }

  /** Databases before keys: a database's keys are made first. */
  private settings(): string[] {
    const { layout } = this;
    const records = foldersIn(join(layout.postgres, "apps")).flatMap((app) =>
      foldersIn(app).map((environment) => join(environment, "cluster.json")),
    );
    const buckets = this.buckets().flatMap((bucket) => [
      join(bucket, "bucket.json"),
      join(bucket, "objects.copy"),
    ]);
    const there = [layout.config, ...records, ...buckets].filter((path) => modified(path) !== undefined);
    return [...there.map(this.relative), ...this.under(layout.keys, (path) => !this.outside.has(path))];
  }

  private refs(): string[] {
    return this.repositories().flatMap((repository) =>
      this.under(repository, (path) => path !== join(repository, "objects")),
    );
  }

  private repositories(): string[] {
    return foldersIn(this.layout.git).filter((path) => path.endsWith(".git"));
  }

  private buckets(): string[] {
    if (!this.withBuckets) return [];
    return foldersIn(this.layout.blobs)
      .flatMap((app) => foldersIn(app))
      .filter((path) => !path.includes(".removed-"));
  }

  private under(folder: string, wanted: (path: string) => boolean = () => true): string[] {
    return entriesOf(folder).flatMap((entry) => {
      const path = join(folder, entry.name);
      if (unfinished.test(entry.name) || !wanted(path)) return [];
      if (entry.isDirectory()) return this.under(path, wanted);
      return entry.isFile() ? [this.relative(path)] : [];
    });
  }

  private readonly relative = (path: string): string => path.slice(this.layout.home.length + 1);
}

const foldersIn = (folder: string): string[] =>
  entriesOf(folder).flatMap((entry) =>
    entry.isDirectory() && !unfinished.test(basename(entry.name)) ? [join(folder, entry.name)] : [],
  );

const modified = (path: string): number | undefined => lstatSync(path, { throwIfNoEntry: false })?.mtimeMs;
