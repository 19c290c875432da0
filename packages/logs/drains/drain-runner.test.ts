import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AppName } from "@evenkeel/model";
import { logEnds } from "../search/log-ends.ts";
import { AppLogWriter, usualWriterLimits } from "../store/app-log-writer.ts";
import { checkedAddress } from "./checked-address.ts";
import type { Drain, DrainKind } from "./drain.ts";
import { DrainRunner, openShipper } from "./drain-runner.ts";
import { readDrainState, writeDrainState } from "./drain-state.ts";

let folder: string;
let writer: AppLogWriter;
let runner: DrainRunner | undefined;
const stops: (() => unknown)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ek-drain-"));
  writer = new AppLogWriter(folder, "host", { ...usualWriterLimits, blockLines: 40 });
});
afterEach(async () => {
  await runner?.stop();
  runner = undefined;
  for (const stop of stops.splice(0)) await stop();
  await writer.close();
  rmSync(folder, { recursive: true, force: true });
});

const app = "shop" as AppName;
const source = { stream: "stdout", environment: "production" } as const;
async function print(from: number, to: number): Promise<void> {
  for (let number = from; number < to; number++)
    writer.append({
      atMs: Date.now(),
      level: number % 10 === 0 ? 4 : 2,
      source,
      requestId: "r-1",
      text: `line ${number}`,
      fields: '{"a":1,"b":[true,"x"]}',
    });
  await writer.flush();
}
const drain = (kind: DrainKind, url: string, more: Partial<Drain> = {}): Drain => ({
  ...{ id: "k3x9abcd", app, kind, url, headers: { "x-key": "secret" }, isLocal: true, ...more },
});
async function until(look: () => boolean): Promise<void> {
  const end = performance.now() + 30_000;
  while (!look()) {
    if (performance.now() > end) throw new Error(`Still not so: ${look}`);
    await Bun.sleep(10);
  }
}
const upTo = (count: number) => Array.from({ length: count }, (_, number) => `line ${number}`);

/** Takes what is posted; answers as told. */
function receiver(answer: () => number) {
  const bodies: string[] = [];
  const paths: string[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const text = await request.text();
      const status = answer();
      if (status < 300) {
        bodies.push(text);
        paths.push(`${new URL(request.url).pathname} ${request.headers.get("x-key")}`);
      }
      return new Response(null, { status });
    },
  });
  stops.push(() => server.stop(true));
  return { bodies, paths, url: `http://127.0.0.1:${server.port}/in` };
}

test("every line arrives although the server refuses and the sender ends in between", async () => {
  let asked = 0;
  const { bodies, paths, url } = receiver(() => (asked++ % 3 === 1 ? 503 : 204));
  await print(0, 100);
  runner = new DrainRunner(drain("http", url), folder);
  const texts = () =>
    new Set(
      bodies.flatMap((body) =>
        body
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line).text),
      ),
    );
  await until(() => texts().size >= 100);
  await runner.stop();
  await print(100, 250);
  runner = new DrainRunner(drain("http", url), folder);
  await until(() => texts().size >= 250);
  expect([...texts()]).toEqual(upTo(250));
  expect(paths[0]).toBe("/in secret");
  const first = JSON.parse(bodies[0]!.split("\n")[0]!);
  expect(first).toMatchObject({
    app: "shop",
    id: "host-1",
    level: "error",
    text: "line 0",
    requestId: "r-1",
  });
  await until(() => readDrainState(folder, "k3x9abcd").deliveredLines >= 250);
  expect(runner.report().failure).toBeUndefined();
}, 60_000);

test("a failure is told, one from now on begins at the end, and lines that are not severe enough are left out", async () => {
  let status = 500;
  const { bodies, url } = receiver(() => status);
  await print(0, 50);
  writeDrainState(folder, "k3x9abcd", { positions: await logEnds(folder), deliveredLines: 0, lostLines: 0 });
  runner = new DrainRunner(drain("http", url, { level: "error" }), folder);
  await print(50, 100);
  await until(() => (runner!.report().failure?.attempts ?? 0) >= 2);
  expect(runner.report().failure!.message).toContain("status 500");
  status = 200;
  const texts = () =>
    bodies.flatMap((body) =>
      body
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).text),
    );
  await until(() => texts().length >= 5);
  expect(texts()).toEqual(["line 50", "line 60", "line 70", "line 80", "line 90"]);
}, 60_000);

test("OTLP names the service and keeps severity, request and fields", async () => {
  const { bodies, paths, url } = receiver(() => 200);
  await print(0, 2);
  runner = new DrainRunner(drain("otlp", url), folder);
  await until(() => bodies.length > 0);
  expect(paths[0]).toStartWith("/in/v1/logs");
  const { resourceLogs } = JSON.parse(bodies[0]!);
  expect(resourceLogs[0].resource.attributes[0]).toEqual({
    key: "service.name",
    value: { stringValue: "shop" },
  });
  const [first] = resourceLogs[0].scopeLogs[0].logRecords;
  expect(first).toMatchObject({ severityNumber: 17, severityText: "ERROR", body: { stringValue: "line 0" } });
  expect(first.timeUnixNano).toMatch(/^\d{19}$/);
  expect(first.attributes).toContainEqual({ key: "a", value: { intValue: "1" } });
  expect(first.attributes).toContainEqual({
    key: "b",
    value: { arrayValue: { values: [{ boolValue: true }, { stringValue: "x" }] } },
  });
  expect(first.attributes).toContainEqual({ key: "http.request.id", value: { stringValue: "r-1" } });
});

/** A server of RFC 6587's octet counting. */
async function syslogServer(port = 0) {
  const messages: string[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    let rest: Buffer = Buffer.alloc(0);
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      for (;;) {
        const space = rest.indexOf(32);
        const length = Number(rest.toString("latin1", 0, space));
        if (space === -1 || rest.length < space + 1 + length) return;
        messages.push(rest.toString("utf8", space + 1, space + 1 + length));
        rest = rest.subarray(space + 1 + length);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const stop = () => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  };
  return { messages, stop, port: (server.address() as { port: number }).port };
}

test("syslog messages are framed, and none is lost when the server goes away and comes back", async () => {
  const first = await syslogServer();
  runner = new DrainRunner(drain("syslog", `syslog://127.0.0.1:${first.port}`), folder);
  await print(0, 60);
  await until(() => first.messages.length >= 60);
  await first.stop();
  await print(60, 130);
  const second = await syslogServer(first.port);
  stops.push(second.stop);
  const texts = () =>
    new Set([...first.messages, ...second.messages].map((message) => message.split("\ufeff")[1]));
  await until(() => texts().size >= 130);
  expect([...texts()].sort()).toEqual(upTo(130).sort());
  expect(first.messages[0]).toMatch(
    /^<131>1 \d{4}-\d\d-\d\dT[\d:.]+Z \S+ shop - - \[evenkeel@32473 id="host-1" environment="production" requestId="r-1" stream="stdout" fields="\{\\"a\\":1,/,
  );
}, 60_000);

test("this machine and its link are refused, whatever they are called", async () => {
  for (const host of [
    "127.0.0.1",
    "localhost",
    "169.254.169.254",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "0.0.0.0",
    "[fe80::1]",
  ])
    await expect(checkedAddress(host, false)).rejects.toMatchObject({ code: "drain_address_refused" });
  expect(await checkedAddress("192.0.2.7", false)).toBe("192.0.2.7");
  const { url } = receiver(() => 200);
  const shipper = openShipper(drain("http", url, { isLocal: false }));
  await expect(shipper.send([], app)).rejects.toMatchObject({ code: "drain_address_refused" });
});
