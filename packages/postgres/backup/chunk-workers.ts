import { availableParallelism } from "node:os";
import { ReportedError } from "@evenkeel/model";
import type { Archive } from "../archive/archive.ts";
import { ArchiveKeyError, ObjectDamagedError, ObjectMissingError } from "../errors.ts";
import type { RestoreTask } from "../restore/chunk-reader.ts";
import type { WalTask } from "../restore/wal-reader.ts";
import type { PageCheckResult, PageCheckTask } from "../verify/page-check.ts";
import type { WorkerAnswer, WorkerRequest } from "./chunk-worker.ts";
import type { ChunkTask, StoredChunk } from "./chunk-writer.ts";
import { Shares } from "./shares.ts";

/** Requests that a worker has at a time: it finds the next one there, and does not wait until our thread has its turn on a busy machine. */
const requestsAhead = 4;

/** Worker threads that store and restore chunks of one archive, until `close`. */
export class ChunkWorkers {
  private constructor(private readonly workers: ChunkThread[]) {}

  /** @param count default: one a core, at most four: then the disk is the limit. */
  static async open(archive: Archive, count = Math.min(4, availableParallelism())): Promise<ChunkWorkers> {
    const workers = Array.from({ length: count }, () => new ChunkThread());
    const open = { kind: "open", target: archive.target.spec, secret: archive.key.secret } as const;
    await Promise.all(workers.map((worker) => worker.ask(open)));
    return new ChunkWorkers(workers);
  }

  store(task: ChunkTask): Promise<StoredChunk> {
    return this.run({ kind: "store", task }) as Promise<StoredChunk>;
  }

  /**
   * Neighbours in `tasks` go to one worker while each has enough of its own: they write to the same file, in which the system lets one thread
   * write at a time. Stops at the first failure.
   */
  async restoreAll(tasks: RestoreTask[], onDone: (task: RestoreTask) => void): Promise<void> {
    const shares = new Shares(tasks, this.workers.length);
    let failed = false;
    const lane = async (worker: number) => {
      for (let task = shares.take(worker); task && !failed; task = shares.take(worker)) {
        try {
          await this.workers[worker]!.ask({ kind: "restore", task });
        } catch (error) {
          failed = true;
          throw error;
        }
        onDone(task);
      }
    };
    await Promise.all(
      Array.from({ length: this.workers.length * requestsAhead }, (_, index) =>
        lane(index % this.workers.length),
      ),
    );
  }

  /** @returns whether recovery to the task's time ends in the segment. */
  restoreWal(task: WalTask): Promise<boolean> {
    return this.run({ kind: "restore wal", task }) as Promise<boolean>;
  }

  checkPages(task: PageCheckTask): Promise<PageCheckResult> {
    return this.run({ kind: "check pages", task }) as Promise<PageCheckResult>;
  }

  /** Brings what was written to the file system of `folder` to disk, beside other work. */
  async sync(folder: string): Promise<void> {
    await this.run({ kind: "sync", folder });
  }

  /** Runs `work` for each item, `ahead` at once for each worker; stops at the first failure. */
  async forEach<Item>(
    items: Item[],
    work: (item: Item, index: number) => Promise<void>,
    ahead = requestsAhead,
  ): Promise<void> {
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
    await Promise.all(Array.from({ length: this.workers.length * ahead }, lane));
  }

  close(): void {
    for (const worker of this.workers) worker.close();
  }

  /** By the worker that has least to do. */
  private run(request: WorkerRequest): Promise<unknown> {
    const free = this.workers.reduce((least, worker) => (worker.pending < least.pending ? worker : least));
    return free.ask(request);
  }
}

class ChunkThread {
  private readonly worker = new Worker(new URL("./chunk-worker.ts", import.meta.url));
  private readonly asked = new Map<number, PromiseWithResolvers<unknown>>();
  private nextId = 0;

  constructor() {
    this.worker.onmessage = ({ data }: MessageEvent<WorkerAnswer>) => {
      const { resolve, reject } = this.asked.get(data.id)!;
      this.asked.delete(data.id);
      if ("error" in data) reject(errorOf(data.error));
      else resolve(data.result);
    };
    this.worker.onerror = ({ message }) => {
      for (const { reject } of this.asked.values())
        reject(new Error(`A backup's worker thread failed: ${message}`));
      this.asked.clear();
    };
  }

  get pending(): number {
    return this.asked.size;
  }

  ask(request: WorkerRequest): Promise<unknown> {
    const id = this.nextId++;
    const answer = Promise.withResolvers<unknown>();
    this.asked.set(id, answer);
    this.worker.postMessage({ id, request });
    return answer.promise;
  }

  close(): void {
    this.worker.terminate();
  }
}

/** Errors cross threads as words; the ones that callers know become themselves again. */
function errorOf(error: Extract<WorkerAnswer, { error: unknown }>["error"]): Error {
  const known = [ObjectDamagedError, ObjectMissingError, ArchiveKeyError].find(
    (kind) => kind.name === error.name,
  );
  if (known) return new known(error.message, { hint: error.hint });
  return new ReportedError({ code: error.code, message: error.message, hint: error.hint });
}
