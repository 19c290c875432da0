import {
  type DatabaseProgress,
  type DatabasesReply,
  type DatabasesRequest,
  type FromDatabases,
  type PlatformRequest,
  ReportedError,
  type ToDatabases,
} from "@evenkeel/model";
import { keepConnected, type MessageConnection } from "@evenkeel/wire";
import { DatabasesUnreachableError } from "../errors.ts";

/** The keeper is started again within this time, or something is wrong with it. */
const connectLimitMs = 15_000;

interface Pending {
  request: DatabasesRequest | PlatformRequest;
  onProgress: (progress: DatabaseProgress) => void;
  resolve(reply: DatabasesReply): void;
  reject(error: Error): void;
  /** Runs while nobody is connected. */
  timer: ReturnType<typeof setTimeout> | undefined;
}

/** A second restore would undo what was written after the first. */
const onceOnly: ReadonlySet<Pending["request"]["type"]> = new Set([
  "backup",
  "restore",
  "verify",
  "runUpkeep",
  "failover",
  "failback",
  "backupPlatform",
]);

/**
 * Control's side of `run/databases.sock`. A request whose connection was lost is asked again when the keeper is back, but for those
 * that do something each time: these fail, and whoever asked looks at what has become of them.
 */
export class DatabasesLink {
  private connection: MessageConnection<FromDatabases, ToDatabases> | undefined;
  private readonly link: { stop(): void };
  private readonly pending = new Map<number, Pending>();
  private lastId = 0;
  /** Called with each new connection, after what was asked before it. */
  onConnect: () => void = () => {};

  constructor(databasesSocket: string) {
    this.link = keepConnected<FromDatabases, ToDatabases>(databasesSocket, (connection) => {
      this.connection = connection;
      connection.onMessage = (message) => this.hear(message);
      connection.onClose = () => {
        if (this.connection === connection) this.lose();
      };
      for (const [id, pending] of this.pending) this.send(id, pending);
      this.onConnect();
    });
  }

  get isConnected(): boolean {
    return this.connection !== undefined;
  }

  /**
   * Resolves with the keeper's last reply, however long its work takes.
   *
   * @throws ReportedError with the keeper's code; DatabasesUnreachableError
   */
  ask(
    request: DatabasesRequest | PlatformRequest,
    onProgress: (progress: DatabaseProgress) => void = () => {},
  ): Promise<DatabasesReply> {
    const id = ++this.lastId;
    const { promise, resolve, reject } = Promise.withResolvers<DatabasesReply>();
    const pending: Pending = { request, onProgress, resolve, reject, timer: undefined };
    this.pending.set(id, pending);
    if (this.connection) this.send(id, pending);
    else this.limit(id, pending);
    return promise;
  }

  stop(): void {
    this.link.stop();
    for (const id of [...this.pending.keys()]) this.fail(id);
  }

  private send(id: number, pending: Pending): void {
    clearTimeout(pending.timer);
    this.connection!.send({ ...pending.request, id });
  }

  private limit(id: number, pending: Pending): void {
    pending.timer = setTimeout(() => this.fail(id), connectLimitMs);
  }

  private hear({ id, done, progress, error, ...reply }: FromDatabases): void {
    const pending = this.pending.get(id);
    if (!pending) return;
    if (progress) pending.onProgress(progress);
    if (!done) return;
    this.pending.delete(id);
    if (error) pending.reject(new ReportedError(error, "user"));
    else pending.resolve(reply);
  }

  private lose(): void {
    this.connection = undefined;
    for (const [id, pending] of [...this.pending]) {
      if (onceOnly.has(pending.request.type)) this.fail(id);
      else this.limit(id, pending);
    }
  }

  private fail(id: number): void {
    const pending = this.pending.get(id);
    this.pending.delete(id);
    clearTimeout(pending?.timer);
    pending?.reject(new DatabasesUnreachableError());
  }
}
