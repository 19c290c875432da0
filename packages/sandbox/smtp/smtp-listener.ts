import { randomUUID } from "node:crypto";
import { createServer, type Socket } from "node:net";
import type { SMTPServer } from "smtp-server";
import { type Listener, type ListenParts, listenOnKeptPort } from "../provider/listener.ts";

/** Connections that nobody has closed when the sandbox stops. */
const graceMs = 200;

/**
 * Listens at once, and loads the library with the first connection: most sandboxes never see one, and all start sooner.
 */
export async function listenSmtp(parts: ListenParts): Promise<Listener> {
  const sockets = new Map<string, Socket>();
  let library: Promise<SMTPServer> | undefined;
  const server = createServer((socket) => {
    const id = randomUUID();
    sockets.set(id, socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(id));
    library ??= import("./smtp-session.ts").then(({ makeSmtpServer }) =>
      makeSmtpServer(parts, (connection) => sockets.get(connection)?.destroy()),
    );
    library.then(
      (smtp) => smtp.connect(socket, { id }),
      (error) => {
        console.error("sandbox: SMTP failed:", error);
        socket.destroy();
      },
    );
  });
  const port = await listenOnKeptPort(server, parts.port);
  return {
    port,
    async stop() {
      server.close();
      const timer = setTimeout(() => {
        for (const socket of sockets.values()) socket.destroy();
      }, graceMs);
      for (const socket of sockets.values()) socket.end();
      timer.unref();
      await Promise.resolve();
    },
  };
}
