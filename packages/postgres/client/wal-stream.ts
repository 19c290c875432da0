import type { Socket } from "node:net";
import { Client, type ClientConfig } from "pg";
import { formatLsn, type Lsn, lsn, parseLsn } from "../wal/lsn.ts";

export interface ServerIdentity {
  /** `system_identifier`: one for each initdb, kept by copies and restores. */
  systemId: string;
  timeline: number;
  flushed: Lsn;
}

export interface WalStreamRequest {
  slot: string;
  timeline: number;
  from: Lsn;
  /** `end` is how far the server's WAL went, at `serverTimeMs` of its clock, when it sent this. */
  onWal(start: Lsn, bytes: Buffer, end: Lsn, serverTimeMs: number): void;
  /** The server wants to know how far we are: answer with `report`. */
  onReplyWanted(): void;
}

/** The timeline that was streamed ends; the next one left it at `switchedAt`. */
export interface TimelineSwitch {
  timeline: number;
  switchedAt: Lsn;
}

/** What of `pg`'s connection is used here; its types leave the copy's half out. */
interface Connection {
  stream: Socket;
  query(text: string): void;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
  once(event: "copyDone", listener: () => void): void;
  removeListener(event: "copyDone", listener: () => void): void;
}

/** Milliseconds between the epochs of Unix and of PostgreSQL (2000-01-01). */
const postgresEpochMs = 946_684_800_000;

/**
 * A physical replication connection. `pg` speaks the start of it; the messages inside the copy are read here:
 * https://www.postgresql.org/docs/18/protocol-replication.html
 */
export class WalStream {
  private constructor(
    private readonly client: Client,
    private readonly connection: Connection,
  ) {}

  static async open(options: ClientConfig, applicationName: string): Promise<WalStream> {
    const client = new Client({
      connectionTimeoutMillis: 30_000,
      ...options,
      application_name: applicationName,
      replication: "true",
    } as ClientConfig);
    client.on("error", () => {});
    await client.connect();
    return new WalStream(client, (client as unknown as { connection: Connection }).connection);
  }

  async identify(): Promise<ServerIdentity> {
    const { rows } = await this.client.query("IDENTIFY_SYSTEM");
    return {
      systemId: rows[0].systemid,
      timeline: Number(rows[0].timeline),
      flushed: parseLsn(rows[0].xlogpos),
    };
  }

  /** The text of `<timeline>.history`; empty for timeline 1. */
  async timelineHistory(timeline: number): Promise<string> {
    if (timeline === 1) return "";
    const { rows } = await this.client.query(`TIMELINE_HISTORY ${timeline}`);
    return String(rows[0].content);
  }

  /** Resolves when the timeline ends in a switch; rejects when the server refuses or the connection breaks. */
  stream(request: WalStreamRequest): Promise<TimelineSwitch | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<TimelineSwitch | undefined>();
    let next: TimelineSwitch | undefined;
    const finish = () => this.connection.endCopyFrom();
    this.connection.once("copyDone", finish);
    const command = `START_REPLICATION SLOT ${request.slot} PHYSICAL ${formatLsn(request.from)} TIMELINE ${request.timeline}`;
    this.client.query({
      submit: (connection: Connection) => connection.query(command),
      handleCopyData: ({ chunk }: { chunk: Buffer }) => receive(chunk, request),
      handleRowDescription() {},
      handleDataRow({ fields }: { fields: string[] }) {
        next = { timeline: Number(fields[0]), switchedAt: parseLsn(fields[1]!) };
      },
      handleCommandComplete() {},
      handleError: (error: Error) => {
        this.connection.removeListener("copyDone", finish);
        reject(error);
      },
      handleReadyForQuery: () => resolve(next),
    } as never);
    return promise;
  }

  /** Tells the server what is durable here: it may recycle WAL before it, and commits that wait for us go on. */
  report(durable: Lsn): void {
    const message = Buffer.alloc(34);
    message.write("r");
    // Written, flushed, applied. The last is of no meaning for an archive; a lower value could hold up nobody.
    for (const offset of [1, 9, 17]) message.writeBigInt64BE(durable, offset);
    message.writeBigInt64BE(BigInt(Date.now() - postgresEpochMs) * 1_000n, 25);
    this.connection.sendCopyFromChunk(message);
  }

  pause(): void {
    this.connection.stream.pause();
  }

  resume(): void {
    this.connection.stream.resume();
  }

  /** At once: the server needs no farewell. */
  close(): void {
    this.connection.stream.destroy();
  }
}

function receive(chunk: Buffer, request: WalStreamRequest): void {
  const kind = String.fromCharCode(chunk[0]!);
  if (kind === "w") {
    const timeMs = Number(chunk.readBigInt64BE(17) / 1_000n) + postgresEpochMs;
    request.onWal(lsn(chunk.readBigInt64BE(1)), chunk.subarray(25), lsn(chunk.readBigInt64BE(9)), timeMs);
  } else if (kind === "k" && chunk[17] === 1) {
    request.onReplyWanted();
  }
}
