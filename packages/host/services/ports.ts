import { readFileSync } from "node:fs";
import { PortRangeError } from "../errors.ts";
import { tcpSockets } from "../isolation/services/listeners.ts";

const firstPort = 20_000;
const usualEnd = 32_768;

/**
 * TCP ports for `web` processes: below those that the system gives to outgoing connections, which could take one away, and free at
 * the moment. Chosen at random, so that two platforms on one machine rarely meet; who loses the race sees its process end, and gets another.
 */
export class Ports {
  private readonly taken = new Set<number>();

  constructor(private readonly end = ephemeralStart()) {}

  /** @throws PortRangeError */
  allot(): number {
    const used = new Set([...tcpSockets(false).map(({ port }) => port), ...this.taken]);
    const size = this.end - firstPort;
    const begin = Math.floor(Math.random() * size);
    for (let step = 0; step < size; step++) {
      const port = firstPort + ((begin + step) % size);
      if (used.has(port)) continue;
      this.taken.add(port);
      return port;
    }
    throw new PortRangeError(`No port between ${firstPort} and ${this.end} is free`);
  }

  /** Of a process that an earlier host started. */
  keep(port: number): void {
    this.taken.add(port);
  }

  release(port: number): void {
    this.taken.delete(port);
  }
}

function ephemeralStart(): number {
  try {
    const start = Number(readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8").split(/\s+/)[0]);
    return start > firstPort + 1_000 ? Math.min(usualEnd, start) : usualEnd;
  } catch {
    return usualEnd;
  }
}
