import type { Server as HttpServer } from "node:http";
import type { AddressInfo, Server } from "node:net";
import type { AccountFinder } from "./provider.ts";

const loopback = "127.0.0.1";

export interface ListenParts {
  accounts: AccountFinder;
  /** The one it had; 0 at the first start. */
  port: number;
  /** Writes the state down, before anybody is told that something is done. */
  flush(): void;
}

/** What a twin listens on beside HTTP. */
export interface Listener {
  port: number;
  stop(): Promise<void>;
}

/** On loopback, on the port it had; on another one if somebody has taken that meanwhile. */
export async function listenOnKeptPort(server: Server | HttpServer, port = 0): Promise<number> {
  try {
    return await listenOn(server, port);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE" || port === 0) throw error;
    const other = await listenOn(server, 0);
    console.error(`sandbox: port ${port} is taken by another program; listening on ${other}`);
    return other;
  }
}

function listenOn(server: Server | HttpServer, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: loopback, port, exclusive: true }, () => {
      server.off("error", reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}
