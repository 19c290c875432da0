import { afterEach, beforeEach, expect, test } from "bun:test";
import { request as tlsRequest } from "node:https";
import { bell, type Ring } from "../testing/bell.ts";
import { TestSandbox } from "../testing/test-sandbox.ts";

let sandbox: TestSandbox;
beforeEach(async () => {
  sandbox = await TestSandbox.start([bell]);
  sandbox.account();
});
afterEach(() => sandbox.stop());

const key = () => sandbox.variables(bell)["BELL_KEY"]!;
const ask = (path: string, init: { method?: string; body?: string; token?: string } = {}) =>
  fetch(`${sandbox.base("bell")}${path}`, {
    method: init.method ?? (init.body === undefined ? "GET" : "POST"),
    headers: { authorization: `Bearer ${init.token ?? key()}` },
    ...(init.body !== undefined && { body: init.body }),
  });
const ring = async (times: number, url = "https://shop.localhost:7080/bell"): Promise<Ring> => {
  const response = await ask("/rings", { body: JSON.stringify({ url, times }) });
  expect(response.status).toBe(201);
  return (await response.json()) as Ring;
};
const rung = async (id: string): Promise<Ring> => {
  let seen: Ring | undefined;
  await sandbox.until(async () => {
    seen = (await (await ask(`/rings/${id}`)).json()) as Ring;
    return seen.left === 0;
  });
  return seen!;
};
const one = "/accounts/shop/preview";
const speedUp = (speed = 1_000) => sandbox.admin("POST", `${one}/time`, { speed });

test("credentials decide the account, wrong ones get the provider's own error", async () => {
  const other = bell.variables(sandbox.account("blog"), "")["BELL_KEY"]!;
  const { id } = await ring(1);
  expect((await ask(`/rings/${id}`)).status).toBe(200);
  expect((await ask(`/rings/${id}`, { token: other })).status).toBe(404);
  const refused = await ask(`/rings/${id}`, { token: "bell_wrong" });
  expect(refused.status).toBe(401);
  expect(await refused.json()).toEqual({ bell: "unauthenticated" });
});

test("an unknown endpoint is told with the list of those that are there, a body over the limit in the provider's words", async () => {
  const unknown = await ask("/chimes");
  expect(unknown.status).toBe(501);
  expect(await unknown.json()).toMatchObject({ implemented: ["GET /rings/:id", "POST /rings"] });
  const large = await ask("/rings", { body: "x".repeat(2_000) });
  expect(large.status).toBe(413);
  expect(await large.json()).toEqual({ bell: "body_too_large" });
});

test("outcomes are the same at every speed and however slow the app is", async () => {
  const outcomes: string[] = [];
  for (const [speed, slowMs] of [
    [20, 0],
    [1_000, 0],
    [1_000, 30],
  ] as const) {
    await sandbox.admin("POST", `${one}/reset`, { seed: "same" });
    await speedUp(speed);
    sandbox.handler = async ({ body }) => {
      if (slowMs > 0) await Bun.sleep(slowMs);
      return new Response(`heard ${body}`);
    };
    const rings = await Promise.all([ring(3), ring(2)]);
    outcomes.push(
      JSON.stringify(
        (await Promise.all(rings.map(({ id }) => rung(id)))).map(({ id, strokes }) => [id, strokes]),
      ),
    );
  }
  expect(new Set(outcomes).size).toBe(1);
  expect(outcomes[0]).toContain('"afterMs":1250');
  expect(outcomes[0]).toContain('"afterMs":3750');
}, 60_000);

test("a restart goes on where it was, and repeats the webhook that was under way", async () => {
  const stuck = Promise.withResolvers<Response>();
  sandbox.handler = () => stuck.promise;
  const { id } = await ring(2);
  await speedUp();
  await sandbox.until(() => sandbox.received.length === 1);
  await sandbox.restart();
  sandbox.handler = () => new Response("after");
  const { strokes } = await rung(id);
  expect(strokes.map((stroke) => stroke.answer)).toEqual(["after", "after"]);
  stuck.resolve(new Response(""));
}, 60_000);

test("callbacks that hang, redirect for ever, or leave this machine are bounded and told apart", async () => {
  await speedUp();
  sandbox.handler = () => new Promise(() => {});
  expect((await rung((await ring(1)).id)).strokes[0]!.answer).toBe("timed_out");
  sandbox.handler = ({ url }) => new Response(null, { status: 302, headers: { location: `${url}x` } });
  expect((await rung((await ring(1)).id)).strokes[0]!.answer).toBe("too_many_redirects");
  sandbox.handler = () => new Response("x".repeat(5_000));
  expect((await rung((await ring(1)).id)).strokes[0]!.answer).toBe("answer_too_large");
  for (const url of [
    "https://example.com/",
    "http://127.0.0.1:5432/",
    "http://169.254.169.254/",
    "file:///etc/passwd",
  ]) {
    expect((await rung((await ring(1, url)).id)).strokes[0]!.answer).toBe("refused");
  }
}, 60_000);

test("faults strike by rule and are replayed from the run's record", async () => {
  await speedUp();
  const add = (fault: object, more: object = {}) =>
    sandbox.admin<{ id: string }>("POST", `${one}/faults`, { provider: "bell", fault, ...more });
  await add({ type: "rate_limit", retryAfterSeconds: 7 }, { match: "GET /rings", probability: 0.5 });
  const statuses = async () => {
    const { id } = await ring(1);
    const seen: number[] = [];
    for (let index = 0; index < 20; index++) seen.push((await ask(`/rings/${id}`)).status);
    return seen;
  };
  const first = await statuses();
  expect(new Set(first)).toEqual(new Set([200, 503]));
  const run = await sandbox.admin("GET", `${one}/run`);
  await sandbox.admin("POST", `${one}/reset`, { seed: "another" });
  expect(new Set(await statuses())).toEqual(new Set([200]));
  await sandbox.admin("POST", `${one}/run`, run);
  expect(await statuses()).toEqual(first);
});

test("a provider that is down breaks connections; one that drops has done what it was asked", async () => {
  const { id } = await sandbox.admin<{ id: string }>("POST", `${one}/faults`, {
    provider: "bell",
    fault: { type: "down" },
  });
  await expect(ask("/rings/x")).rejects.toThrow();
  await sandbox.admin("DELETE", `${one}/faults/${id}`);
  await sandbox.admin("POST", `${one}/faults`, { provider: "bell", fault: { type: "drop" }, match: "POST" });
  await expect(
    ask("/rings", { body: JSON.stringify({ url: "https://shop.localhost/dropped" }) }),
  ).rejects.toThrow();
  await speedUp();
  await sandbox.until(() => sandbox.received.some(({ url }) => url.endsWith("/dropped")));
}, 60_000);

test("webhooks are lost, doubled and reordered on purpose", async () => {
  await speedUp();
  const fault = async (type: string) => {
    await sandbox.admin("POST", `${one}/reset`, { seed: type });
    await speedUp();
    sandbox.received.length = 0;
    await sandbox.admin("POST", `${one}/faults`, { provider: "bell", fault: { type }, times: 1 });
    return rung((await ring(2)).id);
  };
  expect((await fault("webhook_lost")).strokes[0]!.answer).toBe("lost");
  expect(sandbox.received.length).toBe(1);
  await fault("webhook_duplicated");
  expect(sandbox.received.length).toBe(3);
}, 60_000);

test("the provider's host name is answered over TLS by a certificate that vouches for it alone", async () => {
  const { tlsPort, certificate } = sandbox.routes;
  const status = (host: string) =>
    new Promise<number | string>((resolve) => {
      const asked = tlsRequest(
        {
          host: "127.0.0.1",
          port: tlsPort,
          servername: host,
          ca: certificate,
          path: "/rings/x",
          headers: { host },
        },
        (response) => {
          response.resume();
          resolve(response.statusCode!);
        },
      );
      asked.on("error", (error) => resolve((error as { code?: string }).code ?? error.message));
      asked.end();
    });
  expect(await status("api.bell.example")).toBe(401);
  expect(await status("api.other.example")).toBe("ERR_TLS_CERT_ALTNAME_INVALID");
});

test("its own API wants the administrator's token", async () => {
  const response = await fetch(`http://127.0.0.1:${sandbox.port}/_sandbox/accounts`);
  expect(response.status).toBe(401);
  const { accounts } = await sandbox.admin<{ accounts: { app: string }[] }>("GET", "/accounts");
  expect(accounts).toMatchObject([{ app: "shop", environment: "preview", enabled: true }]);
});

test("who changed what of the twins is on record, over a restart", async () => {
  await speedUp(7);
  await sandbox.admin("POST", `${one}/faults`, { provider: "bell", fault: { type: "hang" } });
  await sandbox.restart();
  const { entries } = await sandbox.admin<{ entries: object[] }>("GET", "/audit?app=shop");
  expect(entries).toMatchObject([
    { who: "administrator", what: "POST /accounts/shop/preview/faults" },
    { who: "administrator", what: "POST /accounts/shop/preview/time", detail: '{"speed":7}' },
  ]);
});

test("the log shows requests with hidden credentials, and webhooks that can be sent again", async () => {
  await speedUp();
  const { id } = await ring(1);
  await rung(id);
  const { requests } = await sandbox.admin<{ requests: { id: string; path: string }[] }>(
    "GET",
    `${one}/requests`,
  );
  const logged = requests.find(({ path }) => path === "/rings")!;
  expect(await sandbox.admin("GET", `${one}/requests/${logged.id}`)).toMatchObject({
    headers: { authorization: "(hidden)" },
    status: 201,
    body: expect.stringContaining("shop.localhost"),
  });
  const { webhooks } = await sandbox.admin<{ webhooks: { id: string }[] }>("GET", `${one}/webhooks`);
  await sandbox.admin("POST", `${one}/webhooks/${webhooks[0]!.id}/resend`);
  expect(sandbox.received.length).toBe(2);
  expect(sandbox.received[0]!.body).toBe(sandbox.received[1]!.body);
}, 60_000);
