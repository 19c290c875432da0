import type { IncomingMessage, Server, ServerResponse } from "node:http";
import process from "node:process";
import { deadlineMs } from "../request/internal-request-headers.ts";
import { createFunctionServer } from "./function-server.ts";

/** An AWS Lambda handler with the API Gateway proxy format (1.0), which `awsLambdaHandler` promises. */
export type LambdaHandler = (
  event: GatewayEvent,
  context: LambdaContext,
  callback: (error: unknown, result?: GatewayResult) => void,
) => unknown;

/** https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html */
export interface GatewayEvent {
  resource: string;
  path: string;
  httpMethod: string;
  headers: Record<string, string>;
  multiValueHeaders: Record<string, string[]>;
  queryStringParameters: Record<string, string> | null;
  multiValueQueryStringParameters: Record<string, string[]> | null;
  pathParameters: { proxy: string };
  stageVariables: null;
  requestContext: Record<string, unknown>;
  body: string | null;
  isBase64Encoded: boolean;
}

export interface GatewayResult {
  statusCode?: number;
  headers?: Record<string, string | number | boolean>;
  multiValueHeaders?: Record<string, (string | number | boolean)[]>;
  body?: string;
  isBase64Encoded?: boolean;
}

export interface LambdaContext {
  awsRequestId: string;
  functionName: string;
  functionVersion: string;
  invokedFunctionArn: string;
  memoryLimitInMB: string;
  logGroupName: string;
  logStreamName: string;
  callbackWaitsForEmptyEventLoop: boolean;
  getRemainingTimeInMillis(): number;
  done(error: unknown, result?: GatewayResult): void;
  fail(error: unknown): void;
  succeed(result: GatewayResult): void;
}

/** AWS's limit of a request to a Lambda function. */
const bodyLimitBytes = 6 * 1024 * 1024;

export function serveLambdaFunction(handler: LambdaHandler, name: string, maxDurationS: number): Server {
  return createFunctionServer(async (request, response) => {
    const body = await readBody(request);
    if (body === undefined) {
      response.writeHead(413, { "content-length": 0, connection: "close" });
      response.end();
      return;
    }
    const event = gatewayEvent(request, body);
    sendResult(
      await invoke(handler, event, name, deadlineMs(request) ?? Date.now() + maxDurationS * 1000),
      response,
    );
  });
}

/** A handler answers by its promise, by the callback, or by the context's `done`, `succeed` and `fail`. */
function invoke(
  handler: LambdaHandler,
  event: GatewayEvent,
  name: string,
  deadline: number,
): Promise<GatewayResult | undefined> {
  return new Promise((resolve, reject) => {
    const done = (error: unknown, result?: GatewayResult) => (error ? reject(error) : resolve(result));
    const returned = handler(event, lambdaContext(event, name, deadline, done), done) as
      | Promise<GatewayResult>
      | undefined;
    if (typeof returned?.then === "function") returned.then(resolve, reject);
  });
}

function lambdaContext(
  event: GatewayEvent,
  name: string,
  deadline: number,
  done: (error: unknown, result?: GatewayResult) => void,
): LambdaContext {
  return {
    awsRequestId: String(event.requestContext["requestId"]),
    functionName: name,
    functionVersion: "$LATEST",
    invokedFunctionArn: `arn:aws:lambda:local:000000000000:function:${name}`,
    memoryLimitInMB: process.env["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] ?? "1024",
    logGroupName: `/aws/lambda/${name}`,
    logStreamName: "",
    callbackWaitsForEmptyEventLoop: false,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
    done,
    fail: (error) => done(error ?? new Error("The Lambda function failed without a reason")),
    succeed: (result) => done(null, result),
  };
}

function gatewayEvent(request: IncomingMessage, body: Buffer): GatewayEvent {
  const url = request.url ?? "/";
  const start = url.indexOf("?");
  const path = start === -1 ? url : url.slice(0, start);
  const query = multiValued(start === -1 ? [] : [...new URLSearchParams(url.slice(start + 1))]);
  const lines: [string, string][] = [];
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    lines.push([request.rawHeaders[index]!.toLowerCase(), request.rawHeaders[index + 1]!]);
  }
  const headers = multiValued(lines);
  return {
    resource: "/{proxy+}",
    path,
    httpMethod: request.method ?? "GET",
    headers: lastOfEach(headers),
    multiValueHeaders: headers,
    queryStringParameters: start === -1 ? null : lastOfEach(query),
    multiValueQueryStringParameters: start === -1 ? null : query,
    pathParameters: { proxy: path.slice(1) },
    stageVariables: null,
    requestContext: {
      requestId: headers["x-vercel-id"]?.[0] ?? "",
      httpMethod: request.method,
      path,
      protocol: "HTTP/1.1",
      identity: {
        sourceIp: headers["x-real-ip"]?.[0] ?? null,
        userAgent: headers["user-agent"]?.[0] ?? null,
      },
    },
    body: body.length === 0 ? null : body.toString("base64"),
    isBase64Encoded: true,
  };
}

function multiValued(pairs: [string, string][]): Record<string, string[]> {
  const values = new Map<string, string[]>();
  for (const [name, value] of pairs) values.set(name, [...(values.get(name) ?? []), value]);
  return Object.fromEntries(values);
}

const lastOfEach = (values: Record<string, string[]>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([name, list]) => [name, list.at(-1)!]));

/** Undefined when it is longer than a Lambda function may receive. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > bodyLimitBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, sizeBytes);
}

function sendResult(result: GatewayResult | undefined, response: ServerResponse): void {
  if (
    result === undefined ||
    typeof result !== "object" ||
    !Number.isInteger(Number(result.statusCode ?? 200))
  ) {
    throw new TypeError("The Lambda handler's result is not { statusCode, headers, body }");
  }
  response.statusCode = Number(result.statusCode ?? 200);
  for (const [name, value] of Object.entries(result.headers ?? {})) response.setHeader(name, String(value));
  for (const [name, values] of Object.entries(result.multiValueHeaders ?? {})) {
    response.setHeader(name, values.map(String));
  }
  const body = Buffer.from(result.body ?? "", result.isBase64Encoded ? "base64" : "utf8");
  response.end(body);
}
