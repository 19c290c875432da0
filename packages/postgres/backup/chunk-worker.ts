import { ArchiveKey } from "../archive/archive-key.ts";
import type { ArchiveTarget, TargetSpec } from "../archive/archive-target.ts";
import { openTarget } from "../archive/open-target.ts";
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
  | { kind: "check pages"; task: PageCheckTask };

export type WorkerAnswer =
  | { result: unknown }
  | { error: { name: string; code: string; message: string; hint?: string } };

declare const self: Worker;

let target: ArchiveTarget;
let key: ArchiveKey;

self.onmessage = async ({ data }: MessageEvent<WorkerRequest>) => {
  try {
    self.postMessage({ result: await work(data) });
  } catch (error) {
    const { name, code = "internal", message, hint } = error as Error & { code?: string; hint?: string };
    self.postMessage({ error: { name, code, message, hint } });
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
  }
}
