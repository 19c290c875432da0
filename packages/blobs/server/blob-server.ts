import { rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { randomId } from "@evenkeel/model";
import { BlobRequestError } from "../errors.ts";
import { errorXml } from "../protocol/xml.ts";
import type { Buckets } from "../store/buckets.ts";
import type { BlobAnswer } from "./blob-answer.ts";
import { BlobRequest } from "./blob-request.ts";
import { operate } from "./operation.ts";

/** S3: https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html */
export async function startBlobServer(
  buckets: Buckets,
  listen: { path: string } | { port: number; host: string },
): Promise<Server> {
  // What a killed process left; the supervisor starts one at a time.
  if ("path" in listen) rmSync(listen.path, { force: true });
  const server = createServer((message, response) => {
    void answer(buckets, message, response).catch((error) => {
      console.error(`blobs: ${message.method} ${message.url?.split("?")[0]} failed:`, error);
      response.destroy();
    });
  });
  // Uploads of slow clients take as long as they take; the edge ends those that stand still.
  server.requestTimeout = 0;
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(listen, resolve);
  });
  return server;
}

async function answer(buckets: Buckets, message: IncomingMessage, response: ServerResponse): Promise<void> {
  const requestId = randomId(16).toUpperCase();
  let result: BlobAnswer;
  try {
    const request = new BlobRequest(message, (accessKeyId) => buckets.secret(accessKeyId));
    result = await operate(buckets.byAccess(request.verified.accessKeyId)!, request);
  } catch (error) {
    result = refusal(error, message, requestId);
  }
  const { status, headers = {}, xml, body } = result;
  const content = xml === undefined ? undefined : Buffer.from(xml);
  response.writeHead(status, {
    server: "Evenkeel",
    "x-amz-request-id": requestId,
    ...headers,
    ...(content ? { "content-type": "application/xml", "content-length": String(content.length) } : {}),
    ...(!content && !body && headers["content-length"] === undefined && status !== 204 && status !== 304
      ? { "content-length": "0" }
      : {}),
    // What is left of the body of a refused upload is not waited for.
    ...(message.complete ? {} : { connection: "close" }),
  });
  if (body && status !== 304) await pipeline(Readable.from(body, { objectMode: false }), response);
  else response.end(message.method === "HEAD" ? undefined : content);
}

function refusal(error: unknown, { method, url = "/" }: IncomingMessage, requestId: string): BlobAnswer {
  const path = url.split("?")[0]!;
  if (error instanceof BlobRequestError) {
    const { s3Code, status, message } = error;
    return { status, ...(method === "HEAD" ? {} : { xml: errorXml(s3Code, message, path, requestId) }) };
  }
  const isFull = (error as NodeJS.ErrnoException).code === "ENOSPC";
  console.error(`blobs: ${method} ${path} (${requestId}) failed:`, error);
  return isFull
    ? {
        status: 503,
        xml: errorXml("InsufficientCapacity", "The disk of this machine is full.", path, requestId),
      }
    : {
        status: 500,
        xml: errorXml(
          "InternalError",
          "We encountered an internal error. Please try again.",
          path,
          requestId,
        ),
      };
}
