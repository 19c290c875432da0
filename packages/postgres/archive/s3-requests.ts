import { createHash } from "node:crypto";
import { AwsClient } from "aws4fetch";
import { ArchiveUnavailableError } from "../errors.ts";
import type { TargetSpec } from "./archive-target.ts";
import { elementOf } from "./s3-listing.ts";

export interface S3Answer {
  status: number;
  /** S3's own word for what is wrong: `NoSuchKey`, `AccessDenied`, … */
  code: string | undefined;
  bytes: Uint8Array;
}

export interface S3Request {
  query?: URLSearchParams;
  headers?: Record<string, string>;
  bytes?: Uint8Array;
  /** Statuses that are no failure beside 2xx. */
  expected?: number[];
}

const attempts = 4;
const firstRetryMs = 200;
/** How long an answer may take: so long, and as long as the bytes take on a line of 256 KiB/s. */
const answerLimitMs = 20_000;
const slowestBytesPerMs = 256;
/** Statuses after which the same request may succeed; 409 is a conditional write that met another one. */
const passing: ReadonlySet<number> = new Set([408, 409, 429, 500, 502, 503, 504]);

const remedies: Record<string, string> = {
  NoSuchBucket: "Make the bucket, or correct its name.",
  InvalidAccessKeyId: "Check the access key.",
  SignatureDoesNotMatch: "Check the secret key and the region.",
  AccessDenied: "The key needs s3:GetObject, s3:PutObject, s3:DeleteObject and s3:ListBucket on this place.",
  RequestTimeTooSkewed: "This machine's clock is wrong: set it by NTP.",
  QuotaExceeded: "The storage is full: raise its quota or free space.",
  NotImplemented: "The service lacks conditional writes (If-None-Match); choose one that has them.",
};

/** Signed requests to one bucket (AWS Signature Version 4), tried again while that may help. Neither key is in any error. */
export class S3Requests {
  private readonly signer: AwsClient;

  constructor(
    private readonly place: Extract<TargetSpec, { kind: "s3" }>,
    private readonly description: string,
  ) {
    const { accessKeyId, secretAccessKey, region } = place;
    this.signer = new AwsClient({ accessKeyId, secretAccessKey, region, service: "s3" });
  }

  /** @throws ArchiveUnavailableError */
  async send(
    method: "GET" | "HEAD" | "PUT" | "DELETE",
    key: string,
    request: S3Request = {},
  ): Promise<S3Answer> {
    const { expected = [] } = request;
    for (let attempt = 1; ; attempt++) {
      const last = attempt === attempts;
      let answer: S3Answer;
      try {
        answer = await this.attempt(method, key, request);
      } catch (cause) {
        // Who waits for the archive is to hear of it soon; it will ask again anyway.
        if (last || (cause as Error).name === "TimeoutError") throw this.unreachable(method, cause);
        await backOff(attempt);
        continue;
      }
      if (answer.status < 300 || expected.includes(answer.status)) return answer;
      if (last || !passing.has(answer.status)) throw this.refusal(method, answer);
      await backOff(attempt);
    }
  }

  refusal(method: string, { status, code }: S3Answer): ArchiveUnavailableError {
    const full = status === 507 || code === "XMinioStorageFull";
    const remedy = full
      ? remedies["QuotaExceeded"]
      : remedies[code ?? (status === 403 ? "AccessDenied" : "")];
    return new ArchiveUnavailableError(
      `The archive ${this.description} refused ${method} with ${status}${code ? ` ${code}` : ""}`,
      { hint: remedy ?? "Look at the service's own state." },
    );
  }

  private async attempt(method: string, key: string, request: S3Request): Promise<S3Answer> {
    const { endpoint, bucket } = this.place;
    const { bytes, query, headers } = request;
    const path = [bucket, ...key.split("/")].map(encodeURIComponent).join("/");
    const signed = await this.signer.sign(`${endpoint}/${path}${query ? `?${query}` : ""}`, {
      method,
      headers: { ...headers, "x-amz-content-sha256": sha256(bytes ?? new Uint8Array(0)) },
      ...(bytes ? { body: bytes as Uint8Array<ArrayBuffer> } : {}),
    });
    const limitMs = answerLimitMs + (bytes?.length ?? 0) / slowestBytesPerMs;
    const response = await fetch(signed, { signal: AbortSignal.timeout(limitMs), redirect: "error" });
    const received = new Uint8Array(await response.arrayBuffer());
    const code = response.ok ? undefined : elementOf(Buffer.from(received).toString(), "Code");
    return { status: response.status, code, bytes: received };
  }

  private unreachable(method: string, cause: unknown): ArchiveUnavailableError {
    const { name, message } = cause as Error;
    const reason = name === "TimeoutError" ? "it did not answer in time" : message;
    return new ArchiveUnavailableError(
      `The archive ${this.description} cannot be reached for ${method}: ${reason}`,
      {
        hint: `Check the network and the endpoint ${this.place.endpoint}.`,
        cause,
      },
    );
  }
}

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** With jitter, so that many databases do not come back at once. */
const backOff = (attempt: number): Promise<void> =>
  Bun.sleep(firstRetryMs * 2 ** (attempt - 1) * (0.5 + Math.random()));
