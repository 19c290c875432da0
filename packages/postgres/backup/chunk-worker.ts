import { ArchiveKey } from "../archive/archive-key.ts";
import type { ArchiveTarget, TargetSpec } from "../archive/archive-target.ts";
import { openTarget } from "../archive/open-target.ts";
import { syncFileSystem } from "../archive/sync-file-system.ts";
import { type RestoreTask, restoreChunk } from "../restore/chunk-reader.ts";
import { restoreSegment, type WalTask } from "../restore/wal-reader.ts";
import { checkPages, type PageCheckTask } from "../verify/page-check.ts";
import { type ChunkTask, storeChunk } from "./chunk-writer.ts";

/**
 * A worker thread of backups and restores: reading, hashing, compressing and sealing are synchronous in it, which on several threads
 * is up to four times as fast as the asynchronous calls on one.
 */
export type WorkerRequest =
  | { kind: "open"; target: TargetSpec; secret: Uint8Array }
  | { kind: "store"; task: ChunkTask }
  | { kind: "restore"; task: RestoreTask }
  | { kind: "restore wal"; task: WalTask }
  | { kind: "check pages"; task: PageCheckTask }
  | { kind: "sync"; folder: string };

/** Answers come in any order: a worker that waits for an object store goes on with its next request. */
export type WorkerAnswer = { id: number } & (
  | { result: unknown }
  | { error: { name: string; code: string; message: string; hint?: string } }
);

declare const self: Worker;

let target: ArchiveTarget;
let key: ArchiveKey;

self.onmessage = async ({ data: { id, request } }: MessageEvent<{ id: number; request: WorkerRequest }>) => {
  try {
    self.postMessage({ id, result: await work(request) });
  } catch (error) {
    const { name, code = "internal", message, hint } = error as Error & { code?: string; hint?: string };
    self.postMessage({ id, error: { name, code, message, hint } });
  }
};

async function work(request: WorkerRequest): Promise<unknown> {
  switch (request.kind) {
    case "open":
      target = openTarget(request.target);
      key = new ArchiveKey(request.secret);
      return undefined;
    case "store":
      return storeChunk(request.task, key, target);
    case "restore":
      return restoreChunk(request.task, key, target);
    case "restore wal":
      return restoreSegment(request.task, key, target);
    case "check pages":
      return checkPages(request.task);
    case "sync":
      return syncFileSystem(request.folder);
  }
}
