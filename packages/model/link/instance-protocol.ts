import type { ErrorJson } from "../errors.ts";

/**
 * Between the host and a launcher process, one JSON value a line: the host writes to file descriptor 3, the
 * launcher to descriptor 4. (Node's own IPC channel would put a framing into people's processes that they can
 * write to by accident, and closes when an app calls `process.disconnect`.)
 *
 * A launcher starts without knowing its app (the warm pool), says `warm`, receives `assign`, loads the handler,
 * listens on `socketPath` and says `ready`, or says `failed` and exits.
 */
export type HostToLauncher =
  | { type: "assign"; assignment: Assignment }
  /** Answered by `pong` as soon as the event loop turns. */
  | { type: "ping" }
  | { type: "shutdown"; graceMs: number };

export type LauncherToHost =
  | { type: "warm" }
  | { type: "ready" }
  | { type: "failed"; error: ErrorJson }
  | { type: "pong" }
  /** Number of `waitUntil` promises not yet settled; sent when it becomes 0 or leaves 0. */
  | { type: "background"; pending: number }
  /** A request that is traced was answered. */
  | { type: "span"; span: FunctionSpan };

/** What a launcher knows of a request, from its head to the end of its answer. */
export interface FunctionSpan {
  traceId: string;
  spanId: string;
  parentId: string;
  /** `GET /api/orders` */
  name: string;
  /** Epoch milliseconds, with fractions. */
  startMs: number;
  durationMs: number;
  statusCode: number;
  /** The answer was sent whole. */
  isComplete: boolean;
}

export interface Assignment {
  /** As the launcher sees them, inside its private root. */
  root: string;
  handler: string;
  socketPath: string;
  kind: "node" | "edge";
  environment: Record<string, string>;
  shouldAddHelpers: boolean;
  /** Stack traces name the sources that source maps lead to. */
  shouldAddSourcemapSupport?: boolean;
  useWebApi: boolean;
  awsLambdaHandler: boolean;
  supportsResponseStreaming: boolean;
  maxDurationS: number;
  assets: { name: string; path: string }[];
  wasm: { name: string; path: string }[];
  /** Where compiled code is cached between starts. */
  compileCacheDir?: string;
  /**
   * Where the host isolates: a warm launcher is root with nothing but the right to change its ids. Before it reads
   * anything of the app it must call `process.setgroups([])`, `process.setgid(gid)`, `process.setuid(uid)`, and answer
   * `failed` if one of them throws.
   */
  identity?: { uid: number; gid: number };
}
