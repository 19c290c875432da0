import {
  chmodSync,
  chownSync,
  closeSync,
  mkdirSync,
  openSync,
  realpathSync,
  statSync,
  truncateSync,
} from "node:fs";
import { join } from "node:path";
import { writeFileDurably } from "@evenkeel/disk";
import { ServerStartError, SocketPathTooLongError } from "../errors.ts";
import { accessRules, identityMap, platformAccountName } from "./access-rules.ts";
import { restingFile, wakeAutovacuum } from "./autovacuum-switch.ts";
import { ensureDataDirectory, handOver, serverEnvironment } from "./data-directory.ts";
import { refuseFenced } from "./fence.ts";
import { withFolderLock } from "./folder-lock.ts";
import { killOrphans } from "./kill-server.ts";
import { disownLockFiles, readPostmasterFile } from "./postmaster-file.ts";
import { servesCluster } from "./process-table.ts";
import { RunningCluster } from "./running-cluster.ts";
import { defaultServerAccount, requireReachable, type ServerAccount } from "./server-account.ts";
import { prepareServerBinaries, type ServerBinaries } from "./server-binaries.ts";
import { lastLogLines, serverLogPath } from "./server-log.ts";
import { renderSettings, type ServerSettings, smallSettings } from "./server-settings.ts";

export interface ClusterRequest {
  /** Initialised when missing or empty. */
  dataDir: string;
  /** Made when missing. With `/.s.PGSQL.<port>` it may have 103 bytes. */
  socketDir: string;
  /** Names the socket; with `tcp` also the port on 127.0.0.1. Default 5432. */
  port?: number;
  /** Default false: the socket is the only way in. */
  tcp?: boolean;
  /** Default `defaultServerAccount()`. Ignored unless we are root. */
  account?: ServerAccount;
  /** Over `smallSettings`. */
  settings?: ServerSettings;
  /** Default `prepareServerBinaries()`. */
  binaries?: ServerBinaries;
  /** Default `postgres`. */
  superuser?: string;
  /** How long a start may take, crash recovery included; default 5 minutes. */
  startLimitMs?: number;
  /** Default true; false only for throw-away clusters. */
  syncInitialisation?: boolean;
}

/** macOS takes 103 bytes and a final NUL, Linux 107. */
const socketPathLimitBytes = 103;

/**
 * Starts a cluster's server, or adopts the one that already serves it: a server outlives a parent that dies.
 * Configuration is written at each start, so a changed setting takes effect on the next.
 *
 * @throws ServerStartError with the end of the server's log, ClusterFencedError, and the errors of `ensureDataDirectory`.
 */
export async function startCluster(request: ClusterRequest): Promise<RunningCluster> {
  const plan = await planStart(request);
  requireShortSocket(plan.socketDir, plan.port);
  await ensureDataDirectory({
    dataDir: plan.dataDir,
    binaries: plan.binaries,
    account: plan.account,
    superuser: plan.superuser,
    sync: request.syncInitialisation,
  });
  // The server's working folder as the kernel names it.
  plan.dataDir = realpathSync(plan.dataDir);
  return withFolderLock(plan.dataDir, async () => {
    refuseFenced(plan.dataDir);
    const running = await adopt(plan);
    if (running) return running;
    prepareFolders(plan);
    writeConfiguration(plan, request);
    await clearDeadPostmaster(plan);
    return launch(plan);
  });
}

interface StartPlan {
  dataDir: string;
  socketDir: string;
  port: number;
  tcp: boolean;
  superuser: string;
  startLimitMs: number;
  account: ServerAccount | undefined;
  binaries: ServerBinaries;
}

async function planStart(request: ClusterRequest): Promise<StartPlan> {
  const account = process.getuid!() === 0 ? (request.account ?? defaultServerAccount()) : undefined;
  return {
    dataDir: request.dataDir,
    socketDir: request.socketDir,
    port: request.port ?? 5432,
    tcp: request.tcp ?? false,
    superuser: request.superuser ?? "postgres",
    startLimitMs: request.startLimitMs ?? 300_000,
    account,
    binaries: request.binaries ?? (await prepareServerBinaries({ account })),
  };
}

function requireShortSocket(socketDir: string, port: number): void {
  const path = join(socketDir, `.s.PGSQL.${port}`);
  const bytes = Buffer.byteLength(path);
  if (bytes <= socketPathLimitBytes) return;
  throw new SocketPathTooLongError(
    `The socket ${path} has a path of ${bytes} bytes; systems take ${socketPathLimitBytes}`,
    { hint: "Use a shorter run folder, for example under /run or /tmp." },
  );
}

/** A server that still starts or recovers is waited for; one that is being stopped is waited out. */
async function adopt(plan: StartPlan): Promise<RunningCluster | undefined> {
  const deadline = Date.now() + plan.startLimitMs;
  for (;;) {
    const file = readPostmasterFile(plan.dataDir);
    if (!file || !servesCluster(file.pid, plan.dataDir)) return undefined;
    if (file.state === "ready" && file.port && file.socketDir) {
      return new RunningCluster({ ...plan, socketDir: file.socketDir, port: file.port, pid: file.pid });
    }
    if (Date.now() > deadline) {
      throw new ServerStartError(
        `The server of ${plan.dataDir} (pid ${file.pid}) runs but stays in the state "${file.state ?? "unknown"}"`,
        { hint: `Its log is ${serverLogPath(plan.dataDir)}.` },
      );
    }
    await Bun.sleep(20);
  }
}

function prepareFolders({ dataDir, socketDir, account }: StartPlan): void {
  if (mkdirSync(socketDir, { recursive: true, mode: 0o755 })) chmodSync(socketDir, 0o755);
  requireReachable(join(socketDir, "socket"), account);
  if (!account) return;
  chownSync(socketDir, account.uid, account.gid);
  if (statSync(dataDir).uid !== account.uid) handOver(dataDir, account);
}

function writeConfiguration(
  { dataDir, socketDir, port, tcp, superuser, account }: StartPlan,
  request: ClusterRequest,
): void {
  const files = {
    "postgresql.conf": renderSettings({
      ...smallSettings,
      ...request.settings,
      unix_socket_directories: socketDir,
      listen_addresses: tcp ? "127.0.0.1" : "",
      port,
      include: restingFile,
    }),
    "pg_hba.conf": accessRules(superuser),
    "pg_ident.conf": identityMap(superuser, [platformAccountName()]),
  };
  for (const [name, text] of Object.entries(files)) {
    const path = join(dataDir, name);
    writeFileDurably(path, text, 0o600);
    if (account) chownSync(path, account.uid, account.gid);
  }
  wakeAutovacuum(dataDir, account);
}

/**
 * After `kill -9` of a postmaster: its children must be gone, and its file must not name a process that still exists,
 * be it a stranger with the same number or a zombie that nobody has waited for.
 */
async function clearDeadPostmaster({ dataDir, socketDir, port }: StartPlan): Promise<void> {
  await killOrphans(dataDir);
  disownLockFiles(dataDir, socketDir, port);
}

async function launch(plan: StartPlan): Promise<RunningCluster> {
  const logPath = serverLogPath(plan.dataDir);
  const log = openSync(logPath, "a", 0o600);
  let child: Bun.Subprocess;
  let logStart: number;
  try {
    if (plan.account) chownSync(logPath, plan.account.uid, plan.account.gid);
    truncateLong(logPath);
    logStart = statSync(logPath).size;
    // A group of its own: it ends when we say so, not with a Ctrl-C at our terminal.
    child = Bun.spawn([plan.binaries.postgres, "-D", plan.dataDir], {
      cwd: plan.dataDir,
      env: serverEnvironment(),
      stdin: "ignore",
      stdout: log,
      stderr: log,
      detached: true,
      ...plan.account,
    });
  } finally {
    closeSync(log);
  }
  // A running server is no reason for its starter to stay.
  child.unref();
  const deadline = Date.now() + plan.startLimitMs;
  for (;;) {
    const file = readPostmasterFile(plan.dataDir);
    if (file?.pid === child.pid && file.state === "ready") {
      return new RunningCluster({ ...plan, pid: child.pid, child });
    }
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new ServerStartError(
        `PostgreSQL for ${plan.dataDir} ended while it started: ${lastLogLines(plan.dataDir, logStart)}`,
        { hint: `Its log is ${logPath}.` },
      );
    }
    if (Date.now() > deadline) {
      child.kill("SIGQUIT");
      throw new ServerStartError(
        `PostgreSQL for ${plan.dataDir} was not ready after ${plan.startLimitMs / 1_000} s: ${lastLogLines(plan.dataDir, logStart)}`,
        { hint: "Recovery after a crash may need longer; a new start continues it." },
      );
    }
    await Bun.sleep(5);
  }
}

/** The server appends, so what is cut off leaves no hole. */
function truncateLong(path: string): void {
  if (statSync(path).size > 16 * 1024 * 1024) truncateSync(path);
}
