import { createReadStream, writeSync } from "node:fs";
import { Socket } from "node:net";
import process from "node:process";
import type { HostToLauncher, LauncherToHost } from "@evenkeel/model/link/instance-protocol";
import { lineSplitter } from "@evenkeel/wire/line-framing";

const fromHost = 3;
const toHost = 4;

/** The launcher's end of `instance-protocol.ts`. */
export interface HostChannel {
  /** Written at once and whole, so that the last words before an exit are not lost. Ignored when the host is gone. */
  send(message: LauncherToHost): void;
  /** Whether an open channel keeps the process alive; it does at first. */
  keepAlive(yes: boolean): void;
}

/**
 * @param onMessage called for each message of the host.
 * @param onEnd called once when the host is gone.
 */
export function openHostChannel(
  onMessage: (message: HostToLauncher) => void,
  onEnd: () => void,
): HostChannel {
  // A file stream would block one of the app's four pool threads for ever, so Node reads it as a socket. Bun cannot open
  // a socket on a descriptor.
  const input = process.versions["bun"]
    ? createReadStream("", { fd: fromHost })
    : new Socket({ fd: fromHost });
  input.on(
    "data",
    lineSplitter((line) => line !== "" && onMessage(JSON.parse(line) as HostToLauncher)) as never,
  );
  let ended = false;
  const end = () => {
    if (ended) return;
    ended = true;
    onEnd();
  };
  input.on("end", end);
  input.on("close", end);
  input.on("error", end);
  return {
    send(message) {
      writeWhole(Buffer.from(`${JSON.stringify(message)}\n`));
    },
    keepAlive(yes) {
      if (input instanceof Socket) yes ? input.ref() : input.unref();
    },
  };
}

function writeWhole(bytes: Buffer): void {
  for (let written = 0; written < bytes.length; ) {
    try {
      written += writeSync(toHost, bytes, written);
    } catch (error) {
      // The host may have made the pipe non-blocking and be behind with reading.
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") return;
    }
  }
}
