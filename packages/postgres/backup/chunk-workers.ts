import { availableParallelism } from "node:os";
import { ReportedError } from "@evenkeel/model";
import type { Archive } from "../archive/archive.ts";
import { ArchiveKeyError, ObjectDamagedError, ObjectMissingError } from "../errors.ts";
import type { RestoreTask } from "../restore/chunk-reader.ts";
import type { WalTask } from "../restore/wal-reader.ts";
import type { PageCheckResult, PageCheckTask } from "../verify/page-check.ts";
import type { WorkerAnswer, WorkerRequest } from "./chunk-worker.ts";
import type { ChunkTask, StoredChunk } from "./chunk-writer.ts";

/** Worker threads that store and restore chunks of one archive, until `close`. */
export class ChunkWorkers {
  private readonly idle: Worker[] = [];
  private readonly waiting: ((worker: Worker) => void)[] = [];

  private constructor(private readonly workers: Worker[]) {
    this.idle.push(...workers);
  }

  /** @param count default: one a core, at most four: then the disk is the limit. */
  static async open(archive: Archive, count = Math.min(4, availableParallelism())): Promise<ChunkWorkers> {
    const workers = Array.from(
      { length: count },
      () => new Worker(new URL("./chunk-worker.ts", import.meta.url)),
    );
    const pool = new ChunkWorkers(workers);
    const open = { kind: "open", target: archive.target.spec, secret: archive.key.secret } as const;
    await Promise.all(workers.map((worker) => ask(worker, open)));
    return pool;
  }

  store(task: ChunkTask): Promise<StoredChunk> {
    return this.run({ kind: "store", task }) as Promise<StoredChunk>;
  }

  async restore(task: RestoreTask): Promise<void> {
    await this.run({ kind: "restore", task });
  }

  async restoreWal(task: WalTask): Promise<void> {
    await this.run({ kind: "restore wal", task });
  }

  checkPages(task: PageCheckTask): Promise<PageCheckResult> {
    return this.run({ kind: "check pages", task }) as Promise<PageCheckResult>;
  }

  /** Runs `work` for each item, as many at once as there are workers; stops at the first failure. */
  async forEach<Item>(items: Item[], work: (item: Item, index: number) => Promise<void>): Promise<void> {
    let next = 0;
    let failed = false;
    const lane = async () => {
      while (next < items.length && !failed) {
        const index = next++;
        try {
          await work(items[index]!, index);
        } catch (error) {
          failed = true;
          throw error;
        }
      }
    };
    // Twice the workers, so that none waits for the answer to reach us.
    await Promise.all(Array.from({ length: this.workers.length * 2 }, lane));
  }

  close(): void {
    for (const worker of this.workers) worker.terminate();
  }

  private async run(request: WorkerRequest): Promise<unknown> {
    const worker = this.idle.pop() ?? (await new Promise<Worker>((resolve) => this.waiting.push(resolve)));
    try {
      return await ask(worker, request);
    } finally {
      const next = this.waiting.shift();
      if (next) next(worker);
      else this.idle.push(worker);
    }
  }
}

function ask(worker: Worker, request: WorkerRequest): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  worker.onmessage = ({ data }: MessageEvent<WorkerAnswer>) => {
    if ("error" in data) reject(errorOf(data.error));
    else resolve(data.result);
  };
  worker.onerror = (event) => reject(new Error(`A backup's worker thread failed: ${event.message}`));
  worker.postMessage(request);
  return promise;
}

/** Errors cross threads as words; the ones that callers know become themselves again. */
function errorOf(error: Extract<WorkerAnswer, { error: unknown }>["error"]): Error {
  const known = [ObjectDamagedError, ObjectMissingError, ArchiveKeyError].find(
    (kind) => kind.name === error.name,
  );
  if (known) return new known(error.message, { hint: error.hint });
  return new ReportedError({ code: error.code, message: error.message, hint: error.hint });
}
