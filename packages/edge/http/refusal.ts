import { statusLine } from "./head-writer.ts";

/** Why a request is refused: answered with `status`, and nothing more is read on its connection. */
export class Refusal {
  constructor(
    readonly status: number,
    readonly reason: string,
  ) {}

  answer(): Buffer {
    const body = `${this.status}: ${this.reason}\n`;
    return Buffer.from(
      `${statusLine(this.status)}content-type: text/plain; charset=utf-8\r\n` +
        `content-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
    );
  }
}

export const requestTimeout = new Refusal(408, "The request was not complete in time.");
export const brokenBody = new Refusal(400, "The body's chunked coding is broken.");
