import type { RawTunnel, TunnelHandler } from "./exchange.ts";
import type { RawSocket, SocketOutput } from "./socket-output.ts";

const silent: TunnelHandler = { onBytes() {}, onDrain() {}, onEnd() {}, onClose() {} };

/** A connection's raw bytes once HTTP is done with it (RFC 9110, 7.8); used for both ends, client and upstream. */
export class SocketTunnel implements RawTunnel {
  handler: TunnelHandler = silent;
  private ending: "no" | "writes" | "both" = "no";
  private shut = false;
  private closed = false;
  private paused = false;

  /** @param early bytes that came behind the head; given on the next microtask. */
  constructor(
    private readonly socket: RawSocket,
    private readonly output: SocketOutput,
    early: Uint8Array | undefined,
  ) {
    if (early !== undefined && early.length > 0) queueMicrotask(() => this.handler.onBytes(early));
  }

  write(bytes: Uint8Array): boolean {
    if (this.closed || this.ending !== "no") return true;
    return this.output.write(bytes, 0, bytes.length, false);
  }

  end(): void {
    if (this.ending === "no") this.ending = "writes";
    this.shutWhenFlushed();
  }

  close(): void {
    this.ending = "both";
    this.shutWhenFlushed();
  }

  destroy(): void {
    if (!this.closed) this.socket.terminate();
  }

  pause(): void {
    if (this.paused || this.closed) return;
    this.paused = true;
    this.socket.pause();
  }

  resume(): void {
    if (!this.paused || this.closed) return;
    this.paused = false;
    this.socket.resume();
  }

  /** From the socket. */
  drained(): void {
    if (this.ending === "no") this.handler.onDrain();
    else this.shutWhenFlushed();
  }

  /** From the socket. */
  socketClosed(): void {
    this.closed = true;
    this.handler.onClose();
  }

  private shutWhenFlushed(): void {
    if (this.closed || this.output.blocked) return;
    if (this.ending === "both") this.socket.end();
    else if (!this.shut) this.socket.shutdown();
    this.shut = true;
  }
}
