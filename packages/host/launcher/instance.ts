import { once } from "node:events";
import type { Server } from "node:http";
import module from "node:module";
import process from "node:process";
import { setTimeout } from "node:timers";
import { setTimeout as sleep } from "node:timers/promises";
import type { Assignment } from "@evenkeel/model/link/instance-protocol";
import type { BackgroundWork } from "./background-work.ts";
import { offerCaches } from "./cache/offer-caches.ts";
import { loadEdgeFunction } from "./edge/load-edge-function.ts";
import { loadNodeFunction } from "./functions/load-node-function.ts";
import { InFlight } from "./in-flight.ts";
import { prepareProcess } from "./prepare-process.ts";
import { dropPrivileges } from "./process-identity.ts";
import { installRequestContext } from "./request/request-context.ts";

/** What Vercel gives an app's own SIGTERM handlers, in milliseconds. */
const sigtermLimitMs = 500;
/** How long after the first request compiled code is written down; it blocks for some milliseconds. */
const flushDelayMs = 2_000;
const pollMs = 20;

/** A function that answers on its socket. */
export class Instance {
  readonly inFlight: InFlight;

  private constructor(
    private readonly server: Server,
    private readonly background: BackgroundWork,
  ) {
    this.inFlight = new InFlight(server);
    server.once("connection", () => setTimeout(() => module.flushCompileCache?.(), flushDelayMs).unref());
  }

  /**
   * @param holdProcess whether the launcher itself keeps the process alive.
   * @throws whatever the app's module throws, or one of `errors.ts`.
   */
  static async start(
    assignment: Assignment,
    background: BackgroundWork,
    holdProcess: (yes: boolean) => void,
  ): Promise<Instance> {
    dropPrivileges(assignment.identity);
    const { cacheSockets, cacheToken } = prepareProcess(assignment);
    const { waitUntil } = background;
    installRequestContext(
      cacheSockets === undefined
        ? { waitUntil }
        : { waitUntil, ...offerCaches(cacheSockets, cacheToken ?? "", assignment.handler) },
    );
    const server =
      assignment.kind === "edge"
        ? await loadEdgeFunction(assignment, { waitUntil })
        : await loadNodeFunction(assignment, { waitUntil }, holdProcess);
    const instance = new Instance(server, background);
    if (!server.listening) {
      server.listen(assignment.socketPath);
      await once(server, "listening");
    }
    return instance;
  }

  /** Takes no more connections, finishes what is under way and `waitUntil` within the grace, then lets the app clean up. */
  async shutdown(graceMs: number): Promise<void> {
    const end = Date.now() + graceMs;
    this.server.close();
    while (this.busy() && Date.now() < end) {
      this.server.closeIdleConnections?.();
      await sleep(pollMs);
    }
    this.inFlight.destroyAll();
    if (process.listenerCount("SIGTERM") === 0) return;
    process.emit("SIGTERM", "SIGTERM", 15);
    await sleep(sigtermLimitMs);
  }

  /** No new connections; the process is about to end in disorder. */
  refuse(): void {
    this.server.close();
  }

  busy(): boolean {
    return this.inFlight.busy() > 0 || this.background.pending > 0;
  }
}
