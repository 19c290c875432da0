import type { Approval } from "../api/contract/index.ts";
import type { Database } from "../database/database.ts";
import { getApproval } from "./approval-store.ts";

/** Where those wait who need several people's word. */
export class ApprovalDesk {
  private readonly waiting = new Map<string, Set<() => void>>();

  constructor(private readonly database: Database) {}

  /** After the commit of a word. */
  tell(id: string): void {
    for (const go of this.waiting.get(id) ?? []) go();
  }

  /** @returns it, once it is not open any more @throws the signal's reason */
  async untilDecided({ id, app }: Approval, signal: AbortSignal): Promise<Approval> {
    for (;;) {
      const told = Promise.withResolvers<void>();
      const leave = this.wait(id, told.resolve);
      const abort = () => told.reject(signal.reason);
      signal.addEventListener("abort", abort, { once: true });
      let timer: ReturnType<typeof setTimeout> | undefined;
      try {
        signal.throwIfAborted();
        const now = await getApproval(this.database, app, id);
        if (now.state !== "open") return now;
        timer = setTimeout(told.resolve, Math.min(now.expiresAtMs - Date.now() + 10, 2 ** 31 - 1));
        await told.promise;
      } finally {
        clearTimeout(timer);
        signal.removeEventListener("abort", abort);
        leave();
      }
    }
  }

  private wait(id: string, go: () => void): () => void {
    const set = this.waiting.get(id) ?? new Set();
    this.waiting.set(id, set.add(go));
    return () => {
      set.delete(go);
      if (set.size === 0) this.waiting.delete(id);
    };
  }
}
