import { mkdirSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { type Answer, request } from "../../e2e/harness/http.ts";
import type { Bench } from "../bench.ts";
import { PeerFailedError } from "../errors.ts";
import { onCore } from "../machine/cores.ts";
import { type OwnedProcess, startProcess } from "../machine/owned-process.ts";

const readyLimitMs = 30_000;

/** A server that is not ours, on the same core as ours. */
export interface Peer {
  name: string;
  port: number;
}

export interface PeerStart {
  name: string;
  /** The program in the foreground. */
  command(folder: string, port: number): string[];
  environment?: (folder: string) => Record<string, string>;
  cwd?: string;
  /** Answers as soon as it is ready. */
  path: string;
}

export async function startPeer(bench: Bench, start: PeerStart): Promise<Peer> {
  bench.step(`Starting ${start.name}`);
  const folder = bench.makeFolder("peer");
  mkdirSync(join(folder, "tmp"));
  const port = await freePort();
  const peer = startProcess(bench, start.name, onCore(bench.cores.server, start.command(folder, port)), {
    logPath: join(folder, "log"),
    environment: start.environment?.(folder) ?? {},
    ...(start.cwd !== undefined && { cwd: start.cwd }),
  });
  await untilAnswered(peer, start.name, { port, path: start.path });
  return { name: start.name, port };
}

async function untilAnswered(
  peer: OwnedProcess,
  name: string,
  at: { port: number; path: string },
): Promise<void> {
  const limitMs = Date.now() + readyLimitMs;
  let last = "no answer";
  while (Date.now() < limitMs) {
    peer.requireRunning();
    try {
      const { status } = await request({ ...at, host: "127.0.0.1" });
      if (status === 200) return;
      last = `status ${status}`;
    } catch (error) {
      last = (error as Error).message;
    }
    await Bun.sleep(20);
  }
  throw new PeerFailedError(`${name} was not ready after ${readyLimitMs / 1_000} s: ${last}`);
}

/**
 * Asks as the load will.
 *
 * @throws PeerFailedError unless the answer is the wanted one: only what answers the same can be compared
 */
export async function requireAnswer(
  at: { name: string; port: number; path: string; host?: string },
  isWanted: (answer: Answer) => boolean,
): Promise<Answer> {
  // `request` adds the port to the name.
  const host = (at.host ?? "127.0.0.1").replace(/:\d+$/, "");
  const answer = await request({ port: at.port, path: at.path, host });
  if (answer.status === 200 && isWanted(answer)) return answer;
  throw new PeerFailedError(
    `${at.name} answers ${at.path} otherwise than expected: ${answer.status} ${answer.text().slice(0, 200)}`,
  );
}

export async function freePort(): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const probe = createServer();
  probe.once("error", reject);
  probe.listen(0, "127.0.0.1", () => {
    const { port } = probe.address() as { port: number };
    probe.close(() => resolve(port));
  });
  return promise;
}
