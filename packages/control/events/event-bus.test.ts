import { afterEach, beforeEach, expect, test } from "bun:test";
import { parseAppName } from "@evenkeel/model";
import { limitedTo } from "../people/capabilities.ts";
import { adminCaller, type Caller } from "../tokens/caller.ts";
import { EventBus } from "./event-bus.ts";

let bus: EventBus;
beforeEach(() => {
  bus = new EventBus();
});
afterEach(() => bus.stop());

const viewer = (...apps: string[]): Caller => ({
  ...{ actor: { kind: "token", id: "viewer", name: "viewer" }, name: "viewer", voice: "token:viewer" },
  ...(apps.length > 0
    ? limitedTo(apps.map(parseAppName), ["read"])
    : { permissions: new Set(["read"]), onApps: new Map() }),
});

/** Reads a stream as a browser does. */
class Reader {
  readonly data: { kind: string; app?: string; id?: string }[] = [];
  readonly names: string[] = [];
  lastEventId = "";
  ended = false;
  private text = "";
  readonly done: Promise<void>;

  constructor(stream: ReadableStream<Uint8Array>) {
    this.done = this.read(stream);
  }

  private async read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const bytes of stream) {
      this.text += decoder.decode(bytes, { stream: true });
      const blocks = this.text.split("\n\n");
      this.text = blocks.pop()!;
      for (const block of blocks) {
        for (const line of block.split("\n")) {
          if (line.startsWith("id: ")) this.lastEventId = line.slice(4);
          if (line.startsWith("event: ")) this.names.push(line.slice(7));
          if (line.startsWith("data: {") && line !== "data: {}") this.data.push(JSON.parse(line.slice(6)));
        }
      }
    }
    this.ended = true;
  }

  async until(condition: () => boolean): Promise<void> {
    const deadline = Date.now() + 10_000;
    while (!condition()) {
      if (Date.now() > deadline) throw new Error(`Not seen; data: ${JSON.stringify(this.data)}`);
      await Bun.sleep(5);
    }
  }
}

test("a change reaches every viewer who may see it, and nobody else", async () => {
  const admin = new Reader(bus.open(adminCaller));
  const everything = new Reader(bus.open(viewer()));
  const ofShop = new Reader(bus.open(viewer("shop")));
  bus.publish({ kind: "deployment", app: "blog", id: "one" });
  bus.publish({ kind: "platform" });
  bus.publish({ kind: "deployment", app: "shop", id: "two" });
  await ofShop.until(() => ofShop.data.length > 0);
  expect(ofShop.data).toEqual([{ kind: "deployment", app: "shop", id: "two" }]);
  await everything.until(() => everything.data.length === 2);
  expect(everything.data.map(({ id }) => id)).toEqual(["one", "two"]);
  await admin.until(() => admin.data.length === 3);
});

test("a viewer that comes back gets what it missed, and no more", async () => {
  const before = new Reader(bus.open(adminCaller));
  bus.publish({ kind: "app", app: "shop" });
  await before.until(() => before.data.length === 1);
  bus.publish({ kind: "release", app: "shop", id: "v2" });
  await before.until(() => before.data.length === 2);
  const [epoch] = before.lastEventId.split("-");
  const again = new Reader(bus.open(adminCaller, `${epoch}-1`));
  await again.until(() => again.data.length === 1);
  expect(again.data).toEqual([{ kind: "release", app: "shop", id: "v2" }]);
  expect(again.names).toEqual([]);
});

test("one that was away for longer than is known is told to look at everything again", async () => {
  for (const lastEventId of ["elsewhere-7", "nonsense", `x-${"9".repeat(400)}`]) {
    const reader = new Reader(bus.open(adminCaller, lastEventId));
    await reader.until(() => reader.names.length > 0);
    expect(reader.names).toEqual(["refetch"]);
  }
  const first = new Reader(bus.open(adminCaller));
  for (let number = 0; number < 5_000; number++) bus.publish({ kind: "log", id: `${number}` });
  await first.until(() => first.lastEventId.endsWith("-5000") || first.ended);
  const [epoch] = first.lastEventId.split("-");
  const late = new Reader(bus.open(adminCaller, `${epoch}-1`));
  await late.until(() => late.names.length > 0);
  expect(late.names).toEqual(["refetch"]);
});

test("the same change told many times in a moment is one event", async () => {
  const reader = new Reader(bus.open(adminCaller));
  for (let count = 0; count < 1_000; count++) bus.publish({ kind: "deployment", app: "shop", id: "one" });
  bus.publish({ kind: "app", app: "last" });
  await reader.until(() => reader.data.some(({ app }) => app === "last"));
  expect(reader.data).toHaveLength(2);
});

test("a viewer that does not read is let go and costs no memory", async () => {
  const idle = bus.open(adminCaller);
  const reader = new Reader(bus.open(adminCaller));
  for (let round = 0; bus.viewerCount > 1; round++) {
    for (let number = 0; number < 1_000; number++) bus.publish({ kind: "log", id: `${round}-${number}` });
    await reader.until(() => reader.data.length === (round + 1) * 1_000);
  }
  expect(bus.viewerCount).toBe(1);
  expect(reader.ended).toBe(false);
  await idle.cancel();
});

test("when rights change, everybody is asked again who they are", async () => {
  const reader = new Reader(bus.open(viewer()));
  bus.publish({ kind: "access" });
  await reader.done;
  expect(reader.data).toEqual([]);
  expect(bus.viewerCount).toBe(0);
});
