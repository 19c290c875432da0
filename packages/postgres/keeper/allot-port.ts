import { DatabasePortsExhaustedError } from "../errors.ts";

/** Below the range from which kernels take the ports of outgoing connections (32768 and up on Linux), so that none of those is in the way. */
export const databasePorts = { first: 25_432, last: 27_431 };

/**
 * A port for a new database: nobody's in `taken`, and nobody listens on it now. Which one is left to chance, so that two platforms on
 * one machine do not reach for the same.
 *
 * @throws DatabasePortsExhaustedError
 */
export function allotPort(taken: ReadonlySet<number>, { first, last } = databasePorts): number {
  const count = last - first + 1;
  const begin = Math.floor(Math.random() * count);
  for (let step = 0; step < count; step++) {
    const port = first + ((begin + step) % count);
    if (!taken.has(port) && isFree(port)) return port;
  }
  throw new DatabasePortsExhaustedError(`All ports from ${first} to ${last} are taken`, {
    hint: "Remove databases that nobody needs, or stop the programs that listen on these ports.",
  });
}

function isFree(port: number): boolean {
  try {
    Bun.listen({ hostname: "127.0.0.1", port, socket: { data() {} } }).stop(true);
    return true;
  } catch {
    return false;
  }
}
