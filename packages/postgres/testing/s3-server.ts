import { createHash, createHmac } from "node:crypto";

/** What a test makes the server do wrong. */
export type S3Fault =
  /** Answers this status with S3's word for it. */
  | { kind: "status"; status: number; code: string }
  /** Takes the request and never answers. */
  | { kind: "silence" }
  /** Stores and then breaks the connection: the client cannot know. */
  | { kind: "lost answer" };

const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();
const sha256 = (bytes: string | Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

/**
 * A bucket in memory that speaks S3's protocol: it verifies each request's signature (SigV4) and its content's SHA-256 from their
 * specification, knows conditional writes, and lists in pages. https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
export class S3Server {
  readonly objects = new Map<string, { bytes: Uint8Array; modifiedMs: number }>();
  readonly credentials = { accessKeyId: "AKIATESTTESTTESTTEST", secretAccessKey: "secret/of+the=test" };
  readonly region = "eu-test-1";
  readonly bucket = "archive";
  /** Asked for each request; its faults come to pass. */
  fault: ((method: string, key: string) => S3Fault | undefined) | undefined;
  /** False: as services behave that do not know `If-None-Match`. */
  conditionalWrites = true;
  pageKeys = 1_000;
  requests = 0;
  private readonly server: Bun.Server<undefined>;

  constructor() {
    this.server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      idleTimeout: 0,
      development: false,
      reusePort: false,
      fetch: (request, server) => this.answer(request, server),
    });
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.server.port}`;
  }

  /** As a target's spec. */
  spec(prefix = "") {
    const { endpoint, region, bucket, credentials } = this;
    return { kind: "s3" as const, endpoint, region, bucket, prefix, ...credentials };
  }

  async stop(): Promise<void> {
    await this.server.stop(true);
  }

  private async answer(request: Request, server: Bun.Server<undefined>): Promise<Response> {
    this.requests++;
    const url = new URL(request.url);
    const body = new Uint8Array(await request.arrayBuffer());
    const [, bucket, ...rest] = url.pathname.split("/").map(decodeURIComponent);
    const key = rest.join("/");
    const fault = this.fault?.(request.method, key);
    if (fault?.kind === "silence") {
      server.timeout(request, 0);
      return new Promise(() => {});
    }
    if (fault?.kind === "status") return refuse(fault.status, fault.code);
    const wrong = this.wrongSignature(request, url, body);
    if (wrong) return refuse(403, wrong);
    if (bucket !== this.bucket) return refuse(404, "NoSuchBucket");
    const answer = this.serve(request, key, url.searchParams, body);
    if (fault?.kind === "lost answer") {
      // A body that breaks off: the client sees a connection that was lost.
      return new Response(new ReadableStream({ start: (stream) => stream.error(new Error("lost")) }));
    }
    return answer;
  }

  private serve(request: Request, key: string, query: URLSearchParams, body: Uint8Array): Response {
    switch (request.method) {
      case "PUT":
        if (this.conditionalWrites && request.headers.get("if-none-match") === "*" && this.objects.has(key)) {
          return refuse(412, "PreconditionFailed");
        }
        this.objects.set(key, { bytes: body, modifiedMs: Date.now() });
        return new Response("");
      case "DELETE":
        this.objects.delete(key);
        return new Response(null, { status: 204 });
      default: {
        if (key === "") return this.list(query);
        const found = this.objects.get(key);
        if (!found) return refuse(404, "NoSuchKey");
        return new Response(found.bytes as Uint8Array<ArrayBuffer>);
      }
    }
  }

  private list(query: URLSearchParams): Response {
    const prefix = query.get("prefix") ?? "";
    const after = query.get("continuation-token") ?? "";
    const keys = [...this.objects.keys()].filter((key) => key.startsWith(prefix) && key > after).sort();
    const page = keys.slice(0, this.pageKeys);
    const entries = page.map((key) => {
      const { bytes, modifiedMs } = this.objects.get(key)!;
      return `<Contents><Key>${encode(key)}</Key><LastModified>${new Date(modifiedMs).toISOString()}</LastModified><Size>${bytes.length}</Size></Contents>`;
    });
    const more = keys.length > page.length;
    const token = more ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : "";
    return new Response(
      `<?xml version="1.0"?><ListBucketResult><IsTruncated>${more}</IsTruncated>${token}${entries.join("")}</ListBucketResult>`,
    );
  }

  /** S3's word for what is wrong with a request's signature. */
  private wrongSignature(request: Request, url: URL, body: Uint8Array): string | undefined {
    const form =
      /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8}\/[^/]+\/s3\/aws4_request), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/;
    const match = form.exec(request.headers.get("authorization") ?? "");
    if (!match) return "AccessDenied";
    const [, keyId, scope = "", signedHeaders = "", signature] = match;
    const { accessKeyId, secretAccessKey } = this.credentials;
    if (keyId !== accessKeyId) return "InvalidAccessKeyId";
    const contentHash = request.headers.get("x-amz-content-sha256") ?? "";
    if (contentHash !== sha256(body)) return "XAmzContentSHA256Mismatch";
    const names = signedHeaders.split(";");
    if (!["host", "x-amz-content-sha256", "x-amz-date"].every((name) => names.includes(name)))
      return "AccessDenied";
    const time = request.headers.get("x-amz-date") ?? "";
    const canonical = [
      request.method,
      url.pathname.split("/").map(decodeURIComponent).map(encode).join("/"),
      [...url.searchParams]
        .map(([name, value]) => `${encode(name)}=${encode(value)}`)
        .sort()
        .join("&"),
      ...names.map((name) => `${name}:${(request.headers.get(name) ?? "").trim()}`),
      "",
      signedHeaders,
      contentHash,
    ].join("\n");
    const text = ["AWS4-HMAC-SHA256", time, scope, sha256(canonical)].join("\n");
    const [day = "", region = ""] = scope.split("/");
    if (region !== this.region) return "AuthorizationHeaderMalformed";
    const key = hmac(hmac(hmac(hmac(`AWS4${secretAccessKey}`, day), region), "s3"), "aws4_request");
    return hmac(key, text).toString("hex") === signature ? undefined : "SignatureDoesNotMatch";
  }
}

const refuse = (status: number, code: string): Response =>
  new Response(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>refused</Message></Error>`, {
    status,
  });
