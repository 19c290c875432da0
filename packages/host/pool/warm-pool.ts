import type { Cell, CellMaker, Runtime } from "../isolation/cell.ts";
import { demandMemoryMs, demandWindowMs, peakWithin, poolSize, wantedMemoryMs } from "./pool-size.ts";

export interface WarmPoolOptions {
  maker: CellMaker;
  /** The program of a runtime; throws where it is missing. */
  findRuntime(runtime: string): Runtime;
  /** The runtime that most functions have, and that waits before any was asked for: `nodejs24.x`. */
  usualRuntime: string;
}

interface Shelf {
  readonly name: string;
  readonly waiting: Cell[];
  making: number;
  takenAtMs: number[];
  failures: number;
  /** No new try before this time. */
  pauseUntilMs: number;
}

/** Refilling waits for running starts to finish, but not for ever: under constant starts the pool would stay empty. */
const longestHoldMs = 2_000;
/** While another process waits, the first answer of the one that was taken goes first. */
const firstAnswerMs = 250;
const pauseMs = (failures: number) => Math.min(30_000, 250 * 2 ** failures);

/**
 * Cells with warm launchers that wait for a function, by runtime. Each is used once.
 *
 * A start of a process takes all of a core for 50 ms, so the pool is not refilled while an instance is starting (`holdRefill`).
 */
export class WarmPool {
  private readonly shelves = new Map<string, Shelf>();
  private hasDeployments = false;
  private holds = 0;
  private heldSinceMs = 0;
  private busyUntilMs = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly refills = new Set<Promise<void>>();
  private stopped = false;

  constructor(private readonly options: WarmPoolOptions) {}

  /** Whether any deployment is known. */
  expect(deployments: boolean): void {
    this.hasDeployments = deployments;
    this.adjust();
  }

  /**
   * A warm cell, or one made now where none waits.
   *
   * @throws RuntimeMissingError, RuntimeUnsupportedError, CellFailedError
   */
  async take(runtime: string): Promise<Cell> {
    const shelf = this.shelf(runtime);
    const nowMs = Date.now();
    shelf.takenAtMs = [...shelf.takenAtMs.slice(-99), nowMs];
    return shelf.waiting.pop() ?? (await this.options.maker.make(this.options.findRuntime(runtime)));
  }

  /** Refilling waits until the returned function was called. */
  holdRefill(): () => void {
    if (this.holds++ === 0) this.heldSinceMs = Date.now();
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      if (--this.holds > 0) return;
      this.busyUntilMs = Date.now() + firstAnswerMs;
      this.adjust();
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.adjust(), firstAnswerMs);
    };
  }

  /** Makes what is missing, ends what is too much. To be called each second, since demand is forgotten and pauses end. */
  adjust(): void {
    if (this.stopped) return;
    if (this.holds > 0 && Date.now() - this.heldSinceMs < longestHoldMs) return;
    this.shelf(this.options.usualRuntime);
    for (const shelf of this.shelves.values()) {
      const size = this.size(shelf);
      for (const cell of shelf.waiting.splice(size)) void this.end(cell);
      if (shelf.waiting.length > 0 && Date.now() < this.busyUntilMs) continue;
      // One at a time: the machine has other work.
      if (shelf.waiting.length + shelf.making < size && shelf.making === 0) this.beginRefill(shelf);
    }
  }

  waitingCount(): number {
    return [...this.shelves.values()].reduce((sum, shelf) => sum + shelf.waiting.length, 0);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    const cells = [...this.shelves.values()].flatMap((shelf) => shelf.waiting.splice(0));
    await Promise.all([...cells.map((cell) => this.end(cell)), ...this.refills]);
  }

  private size(shelf: Shelf): number {
    const nowMs = Date.now();
    const usual = shelf.name === this.options.usualRuntime;
    return poolSize({
      wanted: (usual && this.hasDeployments) || nowMs - (shelf.takenAtMs.at(-1) ?? 0) < wantedMemoryMs,
      recentPeak: peakWithin(
        shelf.takenAtMs.filter((atMs) => nowMs - atMs < demandMemoryMs),
        demandWindowMs,
      ),
    });
  }

  private beginRefill(shelf: Shelf): void {
    const refill = this.refill(shelf).finally(() => this.refills.delete(refill));
    this.refills.add(refill);
  }

  private async refill(shelf: Shelf): Promise<void> {
    if (Date.now() < shelf.pauseUntilMs) return;
    shelf.making++;
    try {
      const cell = await this.options.maker.make(this.options.findRuntime(shelf.name));
      shelf.failures = 0;
      if (this.stopped) await this.end(cell);
      else this.put(shelf, cell);
    } catch (error) {
      shelf.pauseUntilMs = Date.now() + pauseMs(shelf.failures++);
      // The first failure is told; a runtime that no deploy has installed yet is none.
      if (shelf.failures === 1 && (error as { code?: string }).code !== "runtime_missing") {
        console.error(`No warm process of ${shelf.name}: ${(error as Error).message}`);
      }
    }
    shelf.making--;
    this.adjust();
  }

  private put(shelf: Shelf, cell: Cell): void {
    shelf.waiting.push(cell);
    void cell.launcher.ended.then(async () => {
      const index = shelf.waiting.indexOf(cell);
      if (index === -1) return;
      shelf.waiting.splice(index, 1);
      await this.end(cell);
      shelf.pauseUntilMs = Date.now() + pauseMs(shelf.failures++);
      this.adjust();
    });
  }

  private async end(cell: Cell): Promise<void> {
    await cell.destroy().catch((error) => console.error(`Cell ${cell.name} was not removed`, error));
  }

  private shelf(name: string): Shelf {
    let shelf = this.shelves.get(name);
    if (!shelf) {
      shelf = { name, waiting: [], making: 0, takenAtMs: [], failures: 0, pauseUntilMs: 0 };
      this.shelves.set(name, shelf);
    }
    return shelf;
  }
}
