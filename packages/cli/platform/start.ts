import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import type { HomeLayout, PlatformConfig } from "@evenkeel/model";
import { PlatformNotRunningError, PortTakenError, StartFailedError } from "../errors.ts";
import type { ProcessReport } from "../supervisor/kept-process.ts";
import { askSupervisor } from "./supervisor-client.ts";

const supervisorFolder = join(import.meta.dir, "../supervisor");
/** A first start initialises a cluster and compiles nothing; a minute is ten times what a slow machine needs. */
const startLimitMs = 60_000;

/** Makes the console's pages, starts guardian and supervisor and waits until every process runs. The guardian outlives the caller. */
export async function startPlatform(
  layout: HomeLayout,
  onStep: (step: string) => void,
): Promise<ProcessReport[]> {
  await provideConsole(layout, onStep);
  const logPath = join(layout.logs, "platform", "supervisor.log");
  mkdirSync(join(layout.logs, "platform"), { recursive: true, mode: 0o700 });
  // Left by a supervisor that was killed; the new one makes its own.
  rmSync(layout.supervisorSocket, { force: true });
  const log = openSync(logPath, "a", 0o600);
  const guardian = Bun.spawn(
    [
      "/bin/sh",
      join(supervisorFolder, "guardian.sh"),
      process.execPath,
      "--smol",
      join(supervisorFolder, "main.ts"),
    ],
    {
      env: { ...process.env, EVENKEEL_HOME: layout.home, EVENKEEL_RUN: layout.run },
      stdin: "ignore",
      stdout: log,
      stderr: log,
      detached: true,
    },
  );
  closeSync(log);
  guardian.unref();
  const deadline = Date.now() + startLimitMs;
  for (;;) {
    try {
      return await within(deadline - Date.now(), askSupervisor(layout, { type: "wait" }, onStep), layout);
    } catch (error) {
      if (!(error instanceof PlatformNotRunningError)) throw error;
      if (guardian.exitCode !== null || Date.now() > deadline) {
        throw new StartFailedError(`The supervisor did not start: ${lastLines(logPath)}`, {
          hint: `Its log is ${logPath}`,
        });
      }
      await Bun.sleep(20);
    }
  }
}

/** Apps are served without the console; why its pages are missing is said, and no more. */
async function provideConsole(layout: HomeLayout, onStep: (step: string) => void): Promise<void> {
  const console = await import("@evenkeel/console/build/build-console");
  try {
    await console.provideConsole(layout, () => onStep("Building the console"));
  } catch (error) {
    onStep(error instanceof Error ? error.message : String(error));
  }
}

/** @throws StartFailedError after `limitMs` */
async function within<T>(limitMs: number, work: Promise<T>, layout: HomeLayout): Promise<T> {
  const tooLate = Promise.withResolvers<never>();
  const timer = setTimeout(
    () =>
      tooLate.reject(
        new StartFailedError(`The platform was not ready after ${startLimitMs / 1_000} s`, {
          hint: `Its logs are in ${join(layout.logs, "platform")}; \`evenkeel status\` shows which part is missing.`,
        }),
      ),
    Math.max(0, limitMs),
  );
  try {
    return await Promise.race([work, tooLate.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** @throws PortTakenError */
export async function requireFreePort({ address, port }: PlatformConfig): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const probe = createServer();
  probe.once("error", (error: NodeJS.ErrnoException) =>
    reject(error.code === "EADDRINUSE" ? new PortTakenError(address, port) : error),
  );
  probe.listen({ host: address, port, exclusive: true }, () => probe.close(() => resolve()));
  return promise;
}

function lastLines(path: string): string {
  return readFileSync(path, "utf8").trimEnd().split("\n").slice(-5).join("\n");
}
