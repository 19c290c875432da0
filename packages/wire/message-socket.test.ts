import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  connectForMessages,
  keepConnected,
  listenForMessages,
  type MessageConnection,
} from "./message-socket.ts";

interface Numbered {
  number: number;
  filler?: string;
}

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ek-wire-"));
  path = join(folder, "s");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("messages of any size arrive whole and in order, both ways", async () => {
  const server = listenForMessages<Numbered, Numbered>(path, (connection) => {
    connection.onMessage = (message) => connection.send(message);
  });
  const client = await connectForMessages<Numbered, Numbered>(path);
  const received: Numbered[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  client.onMessage = (message) => {
    received.push(message);
    if (received.length === 200) resolve();
  };
  for (let number = 0; number < 200; number++) {
    client.send({ number, filler: "é".repeat(number % 10 === 0 ? 300_000 : 3) });
  }
  await promise;
  expect(received.map((message) => message.number)).toEqual(
    Array.from({ length: 200 }, (_, number) => number),
  );
  expect(received[100]!.filler!.length).toBe(300_000);
  client.close();
  server.stop();
});

test("a kept connection comes back after its server has gone and returned", async () => {
  const serve = () =>
    listenForMessages<Numbered, Numbered>(path, (connection) => {
      connection.onMessage = (message) => connection.send({ number: message.number + 1 });
    });
  let server = serve();
  let answered = Promise.withResolvers<number>();
  let opened = 0;
  const client = keepConnected<Numbered, Numbered>(path, (connection) => {
    opened++;
    connection.onMessage = (message) => answered.resolve(message.number);
    connection.send({ number: opened * 10 });
  });
  expect(await answered.promise).toBe(11);
  answered = Promise.withResolvers();
  server.stop();
  server = serve();
  expect(await answered.promise).toBe(21);
  client.stop();
  server.stop();
});

test("a peer that sends no JSON is cut off and the server goes on", async () => {
  const seen = Promise.withResolvers<MessageConnection<Numbered, Numbered>>();
  const server = listenForMessages<Numbered, Numbered>(path, (connection) => {
    connection.onMessage = () => seen.resolve(connection);
  });
  const closed = Promise.withResolvers<void>();
  const raw = await Bun.connect({ unix: path, socket: { data() {}, close: () => closed.resolve() } });
  raw.write("not json\n");
  await closed.promise;
  const client = await connectForMessages<Numbered, Numbered>(path);
  client.send({ number: 1 });
  await seen.promise;
  client.close();
  server.stop();
});

test("connecting where nobody listens is refused", async () => {
  expect(connectForMessages(path)).rejects.toThrow();
});
