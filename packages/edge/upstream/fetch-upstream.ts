import { UpstreamError } from "../errors.ts";
import { headerLines } from "../http/head-writer.ts";
import { AnswerHead } from "./answer-head.ts";
import type { UpstreamAnswer, UpstreamFailure, UpstreamRequest } from "./forward-options.ts";
import type { UpstreamOrigin } from "./origin.ts";
import type { ResponseHead } from "./response-head.ts";
import type { UpstreamCall } from "./upstream-call.ts";
import type { UpstreamConnection } from "./upstream-connection.ts";

const defaultLimitBytes = 64 * 1024 * 1024;

/**
 * One request of ours with everything in memory: rendering a prerender, calling middleware, fetching an image. Redirects are not followed.
 * @throws UpstreamError with the kind of `UpstreamFailure`
 * @throws InvalidHeaderError
 */
export function fetchUpstream(origin: UpstreamOrigin, request: UpstreamRequest): Promise<UpstreamAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<UpstreamAnswer>();
  new FetchCall(origin, request, resolve, reject).begin();
  return promise;
}

class FetchCall implements UpstreamCall {
  readonly method: string;
  readonly upgrading = false;
  private readonly head: Buffer;
  private connection: UpstreamConnection | undefined;
  private answer: AnswerHead | undefined;
  private readonly chunks: Buffer[] = [];
  private bytes = 0;
  private sent = false;
  private over = false;

  constructor(
    private readonly origin: UpstreamOrigin,
    private readonly request: UpstreamRequest,
    private readonly resolve: (answer: UpstreamAnswer) => void,
    private readonly reject: (error: Error) => void,
  ) {
    const { method, target, headers, body } = request;
    this.method = method;
    if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(method) || !/^[\x21-\x7e]+$/.test(target)) {
      throw new UpstreamError(
        "invalid_request",
        `${JSON.stringify(`${method} ${target}`.slice(0, 200))} cannot be sent as a request line`,
      );
    }
    const length = body === undefined ? "" : `content-length: ${body.length}\r\n`;
    const text = `${method} ${target} HTTP/1.1\r\n${headerLines(headers)}${length}\r\n`;
    this.head = Buffer.from(text, "latin1");
  }

  begin(): void {
    this.origin.inFlight++;
    this.connection = this.origin.start(this, false);
  }

  opened(connection: UpstreamConnection): void {
    this.connection = connection;
    const { body } = this.request;
    const { output } = connection;
    this.sent = output.write(this.head, 0, this.head.length, false) || output.blocked;
    if (body !== undefined && body.length > 0) output.write(body, 0, body.length, false);
    connection.requestDone = true;
  }

  headReceived(head: ResponseHead): void {
    this.answer = new AnswerHead(head, undefined);
  }

  bodyReceived(bytes: Buffer, start: number, end: number): void {
    if (this.over) return;
    this.bytes += end - start;
    const limitBytes = this.request.limitBytes ?? defaultLimitBytes;
    if (this.bytes > limitBytes)
      this.giveUp("body_too_large", `The answer of ${this.origin.name} is larger than ${limitBytes} bytes`);
    else this.chunks.push(bytes.subarray(start, end));
  }

  turnEnded(): void {}

  answerEnded(): void {
    if (this.over) return;
    this.finish();
    const body = this.chunks.length === 1 ? this.chunks[0]! : Buffer.concat(this.chunks);
    this.resolve({ status: this.answer!.status, headers: this.answer!.pairs(), body });
  }

  upgraded(): void {}

  drained(): void {}

  lost(kind: UpstreamFailure["kind"], message: string, stale: boolean): void {
    this.connection = undefined;
    if (this.over) return;
    if (stale && (!this.sent || /^(GET|HEAD|OPTIONS|PUT|DELETE)$/.test(this.method))) {
      this.sent = false;
      this.connection = this.origin.start(this, true);
      return;
    }
    this.finish();
    this.reject(new UpstreamError(kind, message));
  }

  sweep(nowMs: number): void {
    const { deadlineAtMs = 0 } = this.request;
    if (deadlineAtMs > 0 && nowMs >= deadlineAtMs) {
      this.giveUp(
        "deadline",
        `${this.origin.name} did not answer ${this.method} ${this.request.target.slice(0, 200)} in time`,
      );
    }
  }

  private giveUp(kind: UpstreamFailure["kind"], message: string): void {
    this.connection?.destroy();
    this.connection = undefined;
    this.finish();
    this.reject(new UpstreamError(kind, message));
  }

  private finish(): void {
    this.over = true;
    this.origin.inFlight--;
  }
}
