import { ImageRequestError } from "../errors.ts";

/** Lets a few tasks run at once and a bounded number wait: a page of a thousand images must not fill memory with their sources. */
export class WorkQueue {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly concurrency: number,
    private readonly waitingLimit: number,
  ) {}

  /** @throws {ImageRequestError} with 503 when too many wait already. */
  async run<Result>(task: () => Promise<Result>): Promise<Result> {
    if (this.running >= this.concurrency) {
      if (this.waiting.length >= this.waitingLimit) {
        throw new ImageRequestError("IMAGE_OPTIMIZATION_BUSY", "Too many images are being optimised");
      }
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    } else this.running++;
    try {
      return await task();
    } finally {
      // The place is handed on, so nobody can slip in between.
      const next = this.waiting.shift();
      if (next) next();
      else this.running--;
    }
  }
}
