import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import "./setup.ts";
import { closeDatabase } from "../server/database.ts";
import { app } from "../server/http/app.ts";
import { Provider, randomOf } from "./provider.ts";
import { emptyDatabase } from "./setup.ts";

let provider: Provider;
let admin: string;
let operator: string;
before(async () => {
  await emptyDatabase();
  provider = new Provider(randomOf(3));
  provider.lastsMs = 3_600_000;
  process.env["VAPI_BASE_URL"] = await provider.start();
});
after(async () => {
  provider.stop();
  await closeDatabase();
  setTimeout(() => process.exit(), 500).unref();
});

interface Asked {
  status: number;
  body: Record<string, unknown>;
  cookie: string;
}

async function ask(
  method: string,
  path: string,
  {
    cookie = "",
    json,
    bytes,
    headers = {},
  }: { cookie?: string; json?: object; bytes?: Buffer; headers?: Record<string, string> } = {},
): Promise<Asked> {
  const response = await app.fetch(
    new Request(`https://autolynx.example/api${path}`, {
      method,
      headers: {
        ...(cookie && { cookie }),
        ...(method !== "GET" && { "x-requested-with": "autolynx" }),
        ...(json && { "content-type": "application/json" }),
        ...headers,
      },
      ...(json && { body: JSON.stringify(json) }),
      ...(bytes && { body: new Uint8Array(bytes) }),
    }),
  );
  const body = (await response.json().catch(() => ({}))) as Record<string, unknown>;
  return { status: response.status, body, cookie: response.headers.get("set-cookie")?.split(";")[0] ?? "" };
}

test("the first administrator is let in once, and lets others in by one-time links", async () => {
  const wish = { name: "Olga", password: "a long enough password", token: process.env["SETUP_TOKEN"]! };
  assert.equal(
    (await ask("POST", "/session/welcome", { json: { ...wish, token: "something else" } })).status,
    403,
  );
  assert.equal((await ask("POST", "/session/welcome", { json: { ...wish, password: "short" } })).status, 400);
  const first = await ask("POST", "/session/welcome", { json: wish });
  assert.equal(first.status, 201);
  assert.match(first.cookie, /^__Host-autolynx=/);
  admin = first.cookie;
  assert.equal((await ask("POST", "/session/welcome", { json: wish })).status, 409);

  const invited = await ask("POST", "/people", {
    cookie: admin,
    json: { email: "Ivo@example.com", name: "Ivo", role: "operator" },
  });
  assert.equal(invited.status, 201);
  const token = new URL(String(invited.body["link"])).searchParams.get("token")!;
  const ivo = { token, name: "Ivo", password: "another long password" };
  operator = (await ask("POST", "/session/welcome", { json: ivo })).cookie;
  assert.equal((await ask("POST", "/session/welcome", { json: ivo })).status, 403);
  const signedIn = await ask("POST", "/session", {
    json: { email: "ivo@example.com", password: ivo.password },
  });
  assert.equal(signedIn.status, 200);
  assert.equal(
    (await ask("POST", "/session", { json: { email: "eve@example.com", password: ivo.password } })).status,
    401,
  );
});

test("every path asks who is there, and administrators' paths ask for one", async () => {
  const paths = [
    "campaigns",
    "assistants",
    "lines",
    "search",
    "spend",
    "settings",
    "do-not-call",
    "live",
    "people",
    "tokens",
    "audit",
  ];
  for (const path of paths) assert.equal((await ask("GET", `/${path}`)).status, 401, path);
  for (const path of ["people", "tokens", "audit"]) {
    assert.equal((await ask("GET", `/${path}`, { cookie: operator })).status, 403, path);
    assert.equal((await ask("GET", `/${path}`, { cookie: admin })).status, 200, path);
  }
  assert.equal((await ask("PATCH", "/settings", { cookie: operator, json: { lineLimit: 5 } })).status, 403);
  const forged = await ask("POST", "/sync", { cookie: admin, headers: { "x-requested-with": "elsewhere" } });
  assert.equal(forged.status, 403);
  for (const authorization of ["", "Bearer nothing", `Basic ${process.env["CRON_SHARED_SECRET"]}`])
    assert.equal((await ask("POST", "/scheduler/tick", { headers: { authorization } })).status, 401);
});

test("passwords are not to be tried out", async () => {
  const statuses = new Set<number>();
  for (let index = 0; index < 12; index++)
    statuses.add(
      (await ask("POST", "/session", { json: { email: "olga@example.com", password: "wrong" } })).status,
    );
  assert.deepEqual(statuses, new Set([401, 429]));
});

test("whoever is shut out is out at once, and somebody stays an administrator", async () => {
  const people = (await ask("GET", "/people", { cookie: admin })).body["people"] as {
    id: string;
    email: string;
  }[];
  const idOf = (email: string) => people.find((each) => each.email === email)!.id;
  assert.equal(
    (await ask("PATCH", `/people/${idOf("olga@example.com")}`, { cookie: admin, json: { role: "operator" } }))
      .status,
    409,
  );
  await ask("PATCH", `/people/${idOf("ivo@example.com")}`, { cookie: admin, json: { letIn: false } });
  assert.equal((await ask("GET", "/campaigns", { cookie: operator })).status, 401);
  const entries = (await ask("GET", "/audit", { cookie: admin })).body["entries"] as { action: string }[];
  assert.ok(entries.some(({ action }) => action === "shut somebody out"));
});

test("a campaign is made, filled whole or not at all, started once, and kept when it has begun", async () => {
  assert.equal((await ask("POST", "/sync", { cookie: admin })).status, 200);
  const refused = await ask("POST", "/campaigns", {
    cookie: admin,
    json: { name: "x", assistantId: "no", lineId: "line-1" },
  });
  assert.deepEqual(refused.body["faults"], [
    { path: "assistantId", message: "is none of the provider's assistants" },
  ]);
  const made = await ask("POST", "/campaigns", {
    cookie: admin,
    json: {
      name: "Check-ups",
      assistantId: "assistant-1",
      lineId: "line-1",
      windowFrom: "00:00",
      windowUntil: "00:00",
      windowDays: [1, 2, 3, 4, 5, 6, 7],
    },
  });
  assert.equal(made.status, 201);
  const campaign = `/campaigns/${made.body["id"]}`;
  assert.equal((await ask("POST", `${campaign}/start`, { cookie: admin })).status, 409);
  const send = (text: string | Buffer, query = "", headers = {}) =>
    ask("POST", `${campaign}/contacts${query}`, {
      cookie: admin,
      bytes: Buffer.from(text),
      headers: { "content-type": "text/csv", ...headers },
    });
  const file = "name,phone\nRosa,+14155552671\nNobody,911\nAna,+14155552672\n";
  const wrong = await send(file);
  assert.deepEqual(
    [wrong.status, wrong.body["error"]],
    [422, "1 of 3 rows cannot be called. Nothing was stored"],
  );
  assert.equal(
    ((await ask("GET", `${campaign}/contacts`, { cookie: admin })).body["contacts"] as unknown[]).length,
    0,
  );
  assert.match(
    String((await send('phone,name\n+1415,"open\n')).body["error"]),
    /^Line 2: a quote is opened.*Nothing was stored$/,
  );
  assert.equal((await send("")).status, 422);
  const preview = await send(file, "?preview=1");
  assert.deepEqual([preview.status, preview.body["valid"], preview.body["faultCount"]], [200, 2, 1]);
  const large = Buffer.alloc(11 * 1024 * 1024, `+1,${"x".repeat(1_990)}\n`);
  large.write("phone,name\n");
  assert.equal((await send(gzipSync(large), "", { "content-type": "application/gzip" })).status, 413);
  const packed = await send(gzipSync(file), "?skip_invalid=1", { "content-type": "application/gzip" });
  assert.deepEqual([packed.status, packed.body["stored"]], [201, 2]);
  assert.equal((await send("name,phone\nRosa,(415) 555-2671\n")).status, 422);
  const starts = await Promise.all([1, 2, 3].map(() => ask("POST", `${campaign}/start`, { cookie: admin })));
  assert.deepEqual(starts.map(({ status }) => status).sort(), [200, 409, 409]);
  assert.equal((await ask("DELETE", campaign, { cookie: admin })).status, 409);
  assert.equal((await send(file)).status, 409);
  const cancelled = await Promise.all(
    ["cancel", "cancel"].map((verb) => ask("POST", `${campaign}/${verb}`, { cookie: admin })),
  );
  assert.deepEqual(cancelled.map(({ status }) => status).sort(), [200, 409]);
});

test("whoever asks not to be called is not, in any campaign", async () => {
  const added = await ask("POST", "/do-not-call", { cookie: admin, json: { phones: ["+1 (415) 555-2699"] } });
  assert.equal(added.status, 201);
  const made = await ask("POST", "/campaigns", {
    cookie: admin,
    json: { name: "More", assistantId: "assistant-1", lineId: "line-1" },
  });
  const sent = await ask("POST", `/campaigns/${made.body["id"]}/contacts`, {
    cookie: admin,
    bytes: Buffer.from("phone\n+14155552699\n+14155552698\n"),
  });
  assert.deepEqual([sent.body["stored"], sent.body["doNotCall"]], [2, 1]);
});

test("a program signs in with a token, as what it was made for", async () => {
  const campaigns = (await ask("GET", "/campaigns", { cookie: admin })).body["campaigns"] as { id: string }[];
  const { token } = (await ask("POST", "/tokens", { cookie: admin, json: { name: "reports" } })).body as {
    token: string;
  };
  const headers = { authorization: `Bearer ${token}` };
  assert.equal((await ask("GET", `/campaigns/${campaigns[0]!.id}`, { headers })).status, 200);
  assert.equal((await ask("GET", "/people", { headers })).status, 403);
  assert.equal(
    (
      await ask("GET", "/campaigns", {
        headers: { authorization: "Bearer alx_0123456789012345678901234567890" },
      })
    ).status,
    401,
  );
});
