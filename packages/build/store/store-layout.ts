import type { FileHash, HomeLayout } from "@evenkeel/model";

/** Imports hold it shared, the sweep exclusively: a file that an import relies on is not swept away under it. */
export const storeLockPath = (layout: HomeLayout): string => `${layout.artifacts}/.lock`;

/** Files of running imports until they are durable. */
export const stagingPath = (layout: HomeLayout): string => `${layout.artifacts}/staging`;

/** What a file was compressed to, kept so that a second import of it costs nothing. */
export const encodingRecordPath = (layout: HomeLayout, hash: FileHash): string =>
  `${layout.artifacts}/encodings/${hash.slice(0, 2)}/${hash}.json`;

/** A stored file with the permission to be run; it stands beside the one without. */
export const executableSuffix = ".x";

/** Trees under construction or removal begin with it; a tree's own name is its id. */
export const unfinishedTreePrefix = ".unfinished-";
