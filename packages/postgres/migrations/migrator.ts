import { join } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { ReportedError } from "@evenkeel/model";
import { MigratorEndedError } from "../errors.ts";
import type { MigratorMessage, MigratorRequest, MigratorResults } from "./migrator-protocol.ts";

export interface MigratorOptions {
  onLog?: (text: string) => void;
  signal?: AbortSignal;
}

/**
 * Has a process of its own look at or migrate a database. An abort ends it at once, but for a migration that cannot be rolled back,
 * which it brings to its end first.
 *
 * @throws ReportedError with the codes of `planMigrations`, `runMigrations`; MigratorEndedError; the signal's reason
 */
export async function migrator<Request extends MigratorRequest>(
  request: Request,
  { onLog, signal }: MigratorOptions = {},
): Promise<MigratorResults[Request["type"]]> {
  signal?.throwIfAborted();
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "migrator-process.ts")], {
    // Bun would read a `.env` where it starts. Of our environment it needs nothing, and PG* would change its connections.
    cwd: "/",
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", BUN_RUNTIME_TRANSPILER_CACHE_PATH: "0" },
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  const onAbort = () => void child.stdin.end();
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    child.stdin.write(`${JSON.stringify(request)}\n`);
    await child.stdin.flush();
    const lines = createInterface({ input: Readable.fromWeb(child.stdout as never) });
    for await (const line of lines) {
      const message = JSON.parse(line) as MigratorMessage;
      if (message.type === "log") onLog?.(message.text);
      else if (message.type === "failed") {
        throw new ReportedError(message.error, message.error.code === "internal" ? "platform" : "user");
      } else return message.result as MigratorResults[Request["type"]];
    }
    signal?.throwIfAborted();
    throw new MigratorEndedError();
  } finally {
    signal?.removeEventListener("abort", onAbort);
    if (child.exitCode === null) child.stdin.end();
    await child.exited;
  }
}
