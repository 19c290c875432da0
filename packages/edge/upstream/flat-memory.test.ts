import { expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomId } from "@evenkeel/model";
import { RawClient } from "../http/testing/raw-client.ts";
import { getRequest } from "../http/testing/served.ts";

const transferBytes = 512 * 1024 * 1024;
/** Far above what the edge needs (about 60 MB), far below what it would keep without back-pressure. */
const allowedBytes = 256 * 1024 * 1024;

test("Half a gigabyte up, down and through a tunnel past slow readers leaves the edge's memory flat", async () => {
  const path = join(tmpdir(), `evenkeel-upstream-${randomId(10)}.sock`);
  const chunk = Buffer.alloc(1024 * 1024, "x");
  const upstream = createServer((request, response) => {
    if (request.method === "GET") {
      let sent = 0;
      const more = () => {
        while (sent < transferBytes) {
          sent += chunk.length;
          if (!response.write(chunk)) return;
        }
        response.end();
      };
      response.on("drain", more);
      more();
      return;
    }
    let received = 0;
    request.on("data", (bytes: Buffer) => {
      // Half a second in which the client could fill the edge.
      if (received === 0) {
        request.pause();
        setTimeout(() => request.resume(), 500);
      }
      received += bytes.length;
    });
    request.on("end", () => response.end(`received ${received}`));
  });
  upstream.on("upgrade", (_request, socket) => {
    socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n");
    let sent = 0;
    const more = () => {
      while (sent < transferBytes) {
        sent += chunk.length;
        if (!socket.write(chunk)) return;
      }
    };
    socket.on("drain", more);
    socket.on("error", () => {});
    more();
  });
  await new Promise<void>((resolve) => upstream.listen(path, resolve));
  const edge = Bun.spawn([process.execPath, join(import.meta.dir, "testing/forwarding-process.ts"), path], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  try {
    const lines = edge.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const port = Number((await lines.read()).value);

    for (const upgradeLines of ["", "Connection: Upgrade\r\nUpgrade: raw\r\n"]) {
      const down = await RawClient.connect({ port });
      down.forgetText();
      down.send(getRequest("/", upgradeLines));
      await down.until(({ receivedBytes }) => receivedBytes > 0);
      // Half a second in which the upstream could fill the edge.
      down.pause();
      await new Promise((resolve) => setTimeout(resolve, 500));
      down.resume();
      await down.until(({ receivedBytes }) => receivedBytes >= transferBytes);
      down.leave();
    }

    const up = await RawClient.connect({ port });
    up.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${transferBytes}\r\n\r\n`);
    for (let sent = 0; sent < transferBytes; sent += chunk.length) {
      up.send(chunk);
      await up.until(({ waitingBytes }) => waitingBytes === 0);
    }
    await up.untilText(`received ${transferBytes}`);
    up.leave();

    edge.stdin.write("how large?\n");
    edge.stdin.flush();
    const largestBytes = Number((await lines.read()).value);
    expect(largestBytes).toBeGreaterThan(0);
    expect(largestBytes).toBeLessThan(allowedBytes);
  } finally {
    edge.kill();
    await edge.exited;
    upstream.closeAllConnections();
    upstream.close();
    rmSync(path, { force: true });
  }
}, 120_000);
