import { readFileSync } from "node:fs";

export interface ListeningSocket {
  port: number;
  uid: number;
}

/**
 * The TCP sockets in a text of `/proc/net/tcp` or `tcp6` (proc_pid_net(5)).
 *
 * @param listening only those that listen
 */
export function parseSockets(text: string, listening: boolean): ListeningSocket[] {
  return text
    .split("\n")
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields.length > 7 && (!listening || fields[3] === "0A"))
    .map((fields) => ({ port: Number.parseInt(fields[1]!.split(":")[1]!, 16), uid: Number(fields[7]) }));
}

/** All TCP sockets of the machine; none where it does not say (outside Linux). */
export function tcpSockets(listening: boolean): ListeningSocket[] {
  return ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((path) => {
    try {
      return parseSockets(readFileSync(path, "latin1"), listening);
    } catch {
      return [];
    }
  });
}
