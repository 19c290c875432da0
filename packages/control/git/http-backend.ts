import { join } from "node:path";
import type { HomeLayout } from "@evenkeel/model";
import { gitEnvironment } from "./git-command.ts";

const hooksFolder = join(import.meta.dir, "hooks");

/** Beyond it the push is refused by git itself. */
const pushLimitBytes = 2 * 1024 ** 3;

/**
 * How repositories behave, given for each request: nothing in a repository's own configuration counts on it, and a pusher can
 * change none of it.
 */
const configuration: [string, string][] = [
  ["core.hooksPath", hooksFolder],
  // A push that is answered survives a loss of power; by default loose objects do not.
  ["core.fsync", "committed"],
  ["core.fsyncMethod", "batch"],
  ["receive.procReceiveRefs", "refs/heads"],
  ["receive.fsckObjects", "true"],
  // Harmless marks of old tools, in the history of many repositories.
  ["receive.fsck.zeroPaddedFilemode", "warn"],
  ["receive.fsck.badTimezone", "warn"],
  ["receive.maxInputSize", String(pushLimitBytes)],
  ["receive.autogc", "false"],
  ["receive.advertisePushOptions", "false"],
  ["transfer.hideRefs", "refs/evenkeel"],
  ["uploadpack.allowAnySHA1InWant", "false"],
  ["http.receivepack", "true"],
];

export interface GitRequest {
  request: Request;
  /** `/shop.git/info/refs` */
  path: string;
  /** Whom the request is from. */
  user: string;
  /** For the hook of a push. */
  hook?: { controlSocket: string; push: string; secret: string };
  /** After the backend has ended. */
  onEnd?: () => void;
}

/**
 * Hands one request to git's own `http-backend`, a CGI program (RFC 3875). A pusher who goes away does not stop the deployment: the
 * backend is read to its end, so the ref still moves when it succeeds.
 */
export async function runHttpBackend(layout: HomeLayout, given: GitRequest): Promise<Response> {
  const child = Bun.spawn(["git", "http-backend"], {
    env: cgiEnvironment(layout, given),
    stdin: given.request.body ?? "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
  void child.exited.then(given.onEnd);
  const reader = child.stdout.getReader();
  const { head, rest } = await readHead(reader);
  if (head === undefined) {
    await child.exited;
    return new Response("git http-backend gave no answer\n", { status: 502 });
  }
  const headers = new Headers();
  let status = 200;
  for (const line of head.split(/\r?\n/)) {
    const [name = "", ...value] = line.split(":");
    if (name.toLowerCase() === "status") status = Number.parseInt(value.join(":"), 10);
    else if (name) headers.append(name, value.join(":").trim());
  }
  return new Response(bodyOf(reader, rest), { status, headers });
}

function cgiEnvironment(
  layout: HomeLayout,
  { request, path, user, hook }: GitRequest,
): Record<string, string> {
  const url = new URL(request.url);
  const environment: Record<string, string> = {
    ...gitEnvironment,
    GATEWAY_INTERFACE: "CGI/1.1",
    SERVER_PROTOCOL: "HTTP/1.1",
    REQUEST_METHOD: request.method,
    QUERY_STRING: url.search.slice(1),
    PATH_INFO: path,
    GIT_PROJECT_ROOT: layout.git,
    GIT_HTTP_EXPORT_ALL: "1",
    REMOTE_USER: user,
    REMOTE_ADDR: "127.0.0.1",
    GIT_CONFIG_COUNT: String(configuration.length),
  };
  for (const [index, [key, value]] of configuration.entries()) {
    environment[`GIT_CONFIG_KEY_${index}`] = key;
    environment[`GIT_CONFIG_VALUE_${index}`] = value;
  }
  const pass = (header: string, variable: string) => {
    const value = request.headers.get(header);
    if (value !== null) environment[variable] = value;
  };
  pass("content-type", "CONTENT_TYPE");
  pass("content-length", "CONTENT_LENGTH");
  pass("content-encoding", "HTTP_CONTENT_ENCODING");
  const protocol = request.headers.get("git-protocol");
  if (protocol !== null && /^[a-z0-9=:]{1,100}$/.test(protocol)) environment["GIT_PROTOCOL"] = protocol;
  if (hook) {
    environment["EVENKEEL_BUN"] = process.execPath;
    environment["EVENKEEL_CONTROL_SOCKET"] = hook.controlSocket;
    environment["EVENKEEL_PUSH"] = hook.push;
    environment["EVENKEEL_PUSH_SECRET"] = hook.secret;
  }
  return environment;
}

type Reader = { read(): Promise<{ done: boolean; value?: Uint8Array | undefined }> };

async function readHead(reader: Reader): Promise<{ head?: string; rest: Uint8Array }> {
  let buffered = Buffer.alloc(0);
  for (;;) {
    const { done, value } = await reader.read();
    if (value) buffered = Buffer.concat([buffered, value]);
    const end = /\r?\n\r?\n/.exec(buffered.toString("latin1"));
    if (end) {
      return {
        head: buffered.toString("latin1", 0, end.index),
        rest: buffered.subarray(end.index + end[0].length),
      };
    }
    if (done || buffered.length > 64 * 1024) return { rest: buffered };
  }
}

function bodyOf(reader: Reader, rest: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    start(controller) {
      if (rest.length > 0) controller.enqueue(rest);
    },
    async pull(controller) {
      const { done, value } = await reader.read();
      if (value && value.length > 0) controller.enqueue(value);
      if (done) controller.close();
    },
    cancel() {
      void (async () => {
        while (!(await reader.read()).done);
      })();
    },
  });
}
