import type { DeploymentId } from "@evenkeel/model";
import type { Step } from "../api/contract/index.ts";

/** What happened to a deployment just now. Log lines stand in its build log; the event only says that there are more. */
export type ProgressNote = { type: "log" } | { type: "step"; step: Step } | { type: "ended" };

/** Tells followers within this process what the pipeline does; the rows and the build log are the truth. */
export class ProgressHub {
  private readonly listeners = new Map<DeploymentId, Set<(note: ProgressNote) => void>>();

  emit(id: DeploymentId, note: ProgressNote): void {
    for (const listener of [...(this.listeners.get(id) ?? [])]) listener(note);
  }

  /** @returns takes the listener away */
  listen(id: DeploymentId, listener: (note: ProgressNote) => void): () => void {
    let listeners = this.listeners.get(id);
    if (!listeners) {
      listeners = new Set();
      this.listeners.set(id, listeners);
    }
    const kept = listeners;
    kept.add(listener);
    return () => {
      kept.delete(listener);
      if (kept.size === 0 && this.listeners.get(id) === kept) this.listeners.delete(id);
    };
  }
}
