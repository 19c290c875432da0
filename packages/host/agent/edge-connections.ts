import type { EdgeToHost, HostToEdge, InstanceId } from "@evenkeel/model";
import type { MessageConnection } from "@evenkeel/wire";

/** An edge that does not read for so long is cut off; it connects anew and is told everything. */
const queueLimitBytes = 16 * 1024 * 1024;

interface Edge {
  readonly connection: MessageConnection<EdgeToHost, HostToEdge>;
  loads: Record<string, number>;
}

/** The edges that are connected: what they have in flight, and which drains they have confirmed. */
export class EdgeConnections {
  private readonly edges = new Set<Edge>();
  private readonly drains = new Map<InstanceId, { waiting: Set<Edge>; done: () => void }>();

  /** For the owner: an instance takes requests. */
  onUsed: (instance: InstanceId) => void = () => {};

  add(connection: MessageConnection<EdgeToHost, HostToEdge>): void {
    this.edges.add({ connection, loads: {} });
  }

  remove(connection: MessageConnection<EdgeToHost, HostToEdge>): void {
    const edge = this.find(connection);
    if (!edge) return;
    this.edges.delete(edge);
    // Its requests have ended with it.
    for (const instance of this.drains.keys()) this.confirm(edge, instance);
  }

  load(
    connection: MessageConnection<EdgeToHost, HostToEdge>,
    inFlight: Record<string, number>,
    used: readonly InstanceId[] | undefined,
  ): void {
    const edge = this.find(connection);
    if (!edge) return;
    for (const id of used ?? []) this.onUsed(id);
    for (const [id, count] of Object.entries(inFlight)) {
      if (count > 0 || (edge.loads[id] ?? 0) > 0) this.onUsed(id as InstanceId);
    }
    edge.loads = inFlight;
  }

  inFlight(instance: InstanceId): number {
    let sum = 0;
    for (const edge of this.edges) sum += edge.loads[instance] ?? 0;
    return sum;
  }

  tell(message: HostToEdge): void {
    for (const { connection } of this.edges) {
      if (connection.queuedBytes > queueLimitBytes) connection.close();
      else connection.send(message);
    }
  }

  /** Resolves when no edge has a request in flight at the instance any more, or at the limit. */
  async drain(instance: InstanceId, limitMs: number): Promise<void> {
    if (this.edges.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.drains.set(instance, { waiting: new Set(this.edges), done: resolve });
    const timer = setTimeout(resolve, limitMs);
    this.tell({ type: "drain", instance });
    await promise;
    clearTimeout(timer);
    this.drains.delete(instance);
  }

  drained(connection: MessageConnection<EdgeToHost, HostToEdge>, instance: InstanceId): void {
    const edge = this.find(connection);
    if (edge) this.confirm(edge, instance);
  }

  private confirm(edge: Edge, instance: InstanceId): void {
    const drain = this.drains.get(instance);
    if (!drain) return;
    drain.waiting.delete(edge);
    if (drain.waiting.size === 0) drain.done();
  }

  private find(connection: MessageConnection<EdgeToHost, HostToEdge>): Edge | undefined {
    for (const edge of this.edges) if (edge.connection === connection) return edge;
    return undefined;
  }
}
