import { expect, test } from "bun:test";
import { controlForEachTest } from "../testing/control-for-each-test.ts";
import type { TestControl } from "../testing/test-control.ts";

const limitMs = 120_000;
let control: TestControl;
controlForEachTest(limitMs, (started) => {
  control = started;
});

test(
  "a deploy is told step by step, its release with it, and a change that was rolled back is not told",
  async () => {
    const left = new AbortController();
    const response = await fetch("http://localhost/api/events", {
      unix: control.layout.controlSocket,
      headers: { authorization: `Bearer ${control.adminToken}` },
      signal: left.signal,
    } as RequestInit);
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    let text = "";
    const reading = (async () => {
      for await (const bytes of response.body!) text += Buffer.from(bytes).toString("utf8");
    })().catch(() => {});
    const { id } = await control.deploy("shop");
    const { database } = control.control!.parts;
    await database
      .transaction(async (connection) => {
        connection.publish({ kind: "app", app: "never" });
        throw new Error("no");
      })
      .catch(() => {});
    database.publish({ kind: "app", app: "last" });
    const deadline = Date.now() + 30_000;
    while (!text.includes('"last"') && Date.now() < deadline) await Bun.sleep(10);
    left.abort();
    await reading;
    const changes = [...text.matchAll(/^data: (.*)$/gm)].map(([, json]) => JSON.parse(json!));
    expect(changes).toContainEqual({ kind: "deployment", app: "shop", environment: "production", id });
    expect(changes).toContainEqual({ kind: "release", app: "shop", environment: "production", id });
    expect(changes).not.toContainEqual({ kind: "app", app: "never" });
  },
  limitMs,
);
