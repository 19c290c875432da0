import type { Change } from "@evenkeel/control/api/contract/index";
import type { QueryClient } from "@tanstack/react-query";
import { affectedBy } from "./affected-by.ts";
import { ApiFault } from "./api-fault.ts";
import { linesOf } from "./lines-of.ts";
import { credentials } from "./session.ts";

export type LiveState = "connecting" | "live" | "away";

/** Silence for longer than this is a dead connection: the platform gives a sign every 15 seconds. */
const silenceMs = 40_000;
const mostWaitMs = 10_000;

/** Follows what changes and has the answers fetched anew that are out of date by it. */
export class Live {
  state: LiveState = "connecting";
  private readonly listeners = new Set<() => void>();
  private lastEventId = "";
  private abort: AbortController | undefined;

  constructor(private readonly queries: QueryClient) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  start(): () => void {
    const stopped = new AbortController();
    void this.run(stopped.signal);
    return () => {
      stopped.abort();
      this.abort?.abort();
    };
  }

  private async run(stopped: AbortSignal): Promise<void> {
    for (let waitMs = 500; !stopped.aborted; waitMs = Math.min(mostWaitMs, waitMs * 2)) {
      try {
        await this.connect(() => {
          waitMs = 250;
        });
      } catch (error) {
        if (stopped.aborted) return;
        // Whoever is signed out is led to the sign-in by the answers to other questions.
        if (error instanceof ApiFault && !error.isOutage) waitMs = mostWaitMs;
        this.tell("away");
      }
      await new Promise((resolve) => setTimeout(resolve, waitMs * (0.75 + Math.random() / 2)));
    }
  }

  private async connect(onOpen: () => void): Promise<void> {
    const abort = new AbortController();
    this.abort = abort;
    let timer = setTimeout(() => abort.abort(), silenceMs);
    try {
      const response = await fetch("/api/events", {
        headers: {
          ...credentials("GET"),
          ...(this.lastEventId === "" ? {} : { "last-event-id": this.lastEventId }),
        },
        signal: abort.signal,
      }).catch(() => {
        throw ApiFault.unreachable();
      });
      if (!response.ok) throw await ApiFault.of(response);
      onOpen();
      if (this.state === "away") this.refetch(() => true);
      this.tell("live");
      let name = "";
      let data = "";
      for await (const line of linesOf(response.body!, abort.signal)) {
        clearTimeout(timer);
        timer = setTimeout(() => abort.abort(), silenceMs);
        if (line === "") {
          if (name === "refetch") this.refetch(() => true);
          else if (data !== "") this.take(JSON.parse(data) as Change);
          name = data = "";
        } else if (line.startsWith("id: ")) this.lastEventId = line.slice(4);
        else if (line.startsWith("event: ")) name = line.slice(7);
        else if (line.startsWith("data: ")) data += line.slice(6);
      }
    } finally {
      clearTimeout(timer);
      abort.abort();
    }
  }

  private take(change: Change): void {
    this.refetch((name, input) => {
      if (!affectedBy[name as keyof typeof affectedBy]?.includes(change.kind)) return false;
      if (change.app !== undefined && input["app"] !== undefined && input["app"] !== change.app) return false;
      if (change.kind === "deployment" && input["deployment"] !== undefined)
        return input["deployment"] === change.id;
      return true;
    });
  }

  private refetch(isAffected: (name: string, input: Record<string, unknown>) => boolean): void {
    void this.queries.invalidateQueries({
      predicate: ({ queryKey: [name, input] }) =>
        isAffected(name as string, (input ?? {}) as Record<string, unknown>),
    });
  }

  private tell(state: LiveState): void {
    if (state === this.state) return;
    this.state = state;
    for (const listener of this.listeners) listener();
  }
}
