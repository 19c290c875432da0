import { statfs } from "node:fs/promises";
import type { SignalSourceName } from "@evenkeel/model";
import { platformScope } from "@evenkeel/model/signals/signal-scope";
import { floorTo, seconds } from "../store/levels.ts";
import type { SignalStore } from "../store/signal-store.ts";

const lookEveryMs = 30_000;

/** Measures the disk that holds the data directory, as a source of this process's own. */
export class DiskWatch {
  private readonly source: SignalSourceName = {
    ...{ origin: "signals", name: "disk" },
    run: `${process.pid}.${Date.now()}`,
  };
  private readonly timer: ReturnType<typeof setInterval>;
  private seq = 0;

  constructor(
    private readonly store: SignalStore,
    private readonly folder: string,
  ) {
    this.timer = setInterval(() => void this.look(), lookEveryMs);
    void this.look();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private async look(): Promise<void> {
    try {
      const { blocks, bfree, bsize } = await statfs(this.folder);
      const gauges = { disk_used: (blocks - bfree) * bsize, disk_size: blocks * bsize };
      this.store.take(this.source, {
        ...{ type: "batch", seq: ++this.seq, atMs: floorTo(this.store.now, seconds.stepMs) },
        ...{
          coversMs: this.seq === 1 ? seconds.stepMs : lookEveryMs,
          samples: [{ ...platformScope, gauges }],
        },
      });
      this.store.commit();
    } catch (error) {
      console.error(`signals: the disk of ${this.folder} cannot be looked at:`, error);
    }
  }
}
