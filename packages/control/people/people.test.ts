import { afterAll, beforeAll, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import type { Message } from "@evenkeel/notify";
import type { TestCluster } from "@evenkeel/postgres";
import type { Me, Session } from "../api/contract/index.ts";
import { LinkInvalidError } from "../errors.ts";
import { BrowserSession, goodPassword, joinAs, joinAsOwner, joinBy } from "../testing/browser-session.ts";
import { refusal } from "../testing/refusal.ts";
import { startControlCluster, TestControl } from "../testing/test-control.ts";
import { mailLink } from "./invitations/mail-link.ts";

const limitMs = 60_000;
let cluster: TestCluster;
let control: TestControl;
let owner: BrowserSession;
const email = "ada@example.com";
beforeAll(async () => {
  cluster = await startControlCluster();
  control = await TestControl.start(cluster);
  await control.client().ensureApp({ app: "shop" });
  await control.client().ensureApp({ app: "other" });
  owner = await joinAsOwner(control, email);
}, limitMs);
afterAll(async () => {
  await control.stop();
  await cluster.stop();
}, limitMs);

const signIn = (browser: BrowserSession, password = goodPassword, who = email) =>
  browser.ask<{ outcome: string }>("POST", "/api/sign-in/password", { email: who, password });
const fresh = async () => {
  const browser = new BrowserSession(control);
  await signIn(browser);
  return browser;
};
const sql = <Row extends Record<string, unknown>>(text: string, values: unknown[] = []) =>
  control.control!.parts.database.query<Row>(text, values);
const me = (browser: BrowserSession) => browser.ask<Me>("GET", "/api/me");

test("the first owner comes by a link that works once, and no other is made afterwards", async () => {
  expect((await me(owner)).person).toMatchObject({ email, roles: [{ role: "owner" }] });
  expect(await refusal(control.client().makeOwnerLink())).toBe("owner_exists");
  expect(await new BrowserSession(control).ask("GET", "/api/sign-in")).toEqual({ hasOwner: true });
  const made = await control.client().invite({ email: "eve@example.com", roles: [{ role: "viewer" }] });
  expect(made.link).toStartWith(`http://localhost:${control.edge.port}/join#`);
  // Of another address, as if there were no link.
  expect(await refusal(joinBy(control, made.link, { email: "mallory@example.com" }))).toBe("link_invalid");
  await joinBy(control, made.link, { email: "eve@example.com" });
  expect(await refusal(joinBy(control, made.link, { email: "eve@example.com" }))).toBe("link_invalid");
});

test("a link in a mail names the platform's own host, whatever host a request names", async () => {
  const browser = await fresh();
  browser.host = "evil.example";
  browser.origin = "http://evil.example";
  const made = await browser.ask<{ link: string }>("POST", "/api/invitations", {
    email: "host@example.com",
    roles: [],
  });
  expect(new URL(made.link).hostname).toBe("localhost");
});

test("a link is mailed by the platform's own mail channel where there is one, and kept by nobody", async () => {
  const sent: Message[] = [];
  const made = {
    ...{
      id: "x",
      email: "new@example.com",
      roles: [],
      createdAtMs: 0,
      createdBy: email,
      expiresAtMs: 86_400_000,
    },
    link: "http://localhost/join#secret",
  };
  const channels = (kind: "smtp" | "slack", send: (message: Message) => Promise<object>) => ({
    all: async () => [{ app: null, kind } as never],
    open: async () => ({ send, close() {} }),
  });
  const keep = async (message: Message) => ({ reference: String(sent.push(message)) });
  expect(await mailLink(channels("smtp", keep), made, "apps.example.com")).toBe("sent");
  expect(sent).toMatchObject([{ to: "new@example.com", url: made.link }]);
  expect(await mailLink(channels("slack", keep), made, "apps.example.com")).toBe("none");
  const away = () => Promise.reject(new LinkInvalidError());
  expect(await mailLink(channels("smtp", away), made, "apps.example.com")).toBe("failed");
});

test("passwords that are short, common, or made of the person's own words are refused", async () => {
  for (const password of [
    "short1!",
    "password1234",
    "ada@example.com",
    "evenkeel evenkeel",
    "aaaaaaaaaaaaaaaa",
  ]) {
    const { link } = await control.client().invite({ email: "weak@example.com", roles: [] });
    const wish = {
      secret: new URL(link).hash.slice(1),
      name: "Ada Example",
      email: "weak@example.com",
      password,
    };
    expect([password, await refusal(new BrowserSession(control).ask("POST", "/api/join", wish))]).toEqual([
      password,
      "password_refused",
    ]);
  }
});

test("nobody finds out by signing in whether an account is there", async () => {
  const answers = await Promise.all(
    [email, "nobody@example.com"].map(async (who, at) => {
      const browser = new BrowserSession(control);
      browser.address = `198.51.100.${at + 1}`;
      const response = await browser.send("POST", "/api/sign-in/password", { email: who, password: "wrong" });
      return [response.status, await response.text(), response.headers.getSetCookie()];
    }),
  );
  expect(answers[0]).toEqual(answers[1]!);
});

test("cookies are of this host alone, not readable by scripts, and worth nothing with another signature", async () => {
  const browser = new BrowserSession(control);
  const response = await browser.send("POST", "/api/sign-in/password", { email, password: goodPassword });
  for (const cookie of response.headers.getSetCookie()) {
    expect(cookie).toMatch(/^__Host-evenkeel\./);
    for (const attribute of ["Secure", "HttpOnly", "SameSite=Strict", "Path=/"])
      expect(cookie.toLowerCase()).toContain(attribute.toLowerCase());
    expect(cookie.toLowerCase()).not.toContain("domain=");
  }
  const [name, value] = [...browser.cookies].find(([each]) => each.endsWith(".session_token"))!;
  browser.cookies.set(name, value.replace(/^../, "xx"));
  expect(await refusal(me(browser))).toBe("unauthenticated");
});

test("a page of another origin can neither change nor read anything with the cookie", async () => {
  const browser = await fresh();
  const attempt = (headers: Record<string, string>, method = "PATCH") =>
    refusal(browser.ask(method, "/api/me", method === "GET" ? undefined : { name: "Eve" }, headers));
  browser.origin = undefined;
  expect(await attempt({})).toBe("cross_origin");
  for (const origin of [
    "null",
    "http://shop.localhost",
    `http://shop.${browser.host}`,
    "https://evil.example",
    "nonsense",
  ])
    expect([origin, await attempt({ origin })]).toEqual([origin, "cross_origin"]);
  for (const site of ["same-site", "cross-site"])
    expect(await attempt({ "sec-fetch-site": site }, "GET")).toBe("cross_origin");
  expect(await attempt({ "sec-fetch-site": "same-origin" }, "GET")).toBe("accepted");
});

test("over plain HTTP somebody signs in at a loopback address only", async () => {
  const browser = new BrowserSession(control);
  browser.host = "apps.example.com";
  browser.origin = "http://apps.example.com";
  expect(await refusal(signIn(browser))).toBe("plain_http");
  browser.origin = "https://apps.example.com";
  expect(await signIn(browser)).toEqual({ outcome: "signed_in" });
});

test(
  "guesses of strangers lock out strangers, and not a browser that was signed in before",
  async () => {
    const who = "locked@example.com";
    const known = await joinAs(control, who, [{ role: "viewer" }]);
    await known.ask("POST", "/api/sign-out");
    for (let at = 0; at < 10; at++) {
      const stranger = new BrowserSession(control);
      stranger.address = `2001:db8:${at}::1`;
      expect(await refusal(signIn(stranger, "guess number", who))).toBe("sign_in_refused");
    }
    const stranger = new BrowserSession(control);
    stranger.address = "2001:db8:ffff::1";
    expect(await refusal(signIn(stranger, goodPassword, who))).toBe("too_many_attempts");
    expect(await signIn(known, goodPassword, who)).toEqual({ outcome: "signed_in" });
  },
  limitMs,
);

test(
  "a session's token is replaced, both are good for tabs, and an old one that comes later ends it",
  async () => {
    const tab = await fresh();
    const other = await fresh();
    const old = new Map(tab.cookies);
    await sql("UPDATE sessions SET rotated_at = now() - interval '2 hours'");
    await me(tab);
    expect([...tab.cookies]).not.toEqual([...old]);
    const late = Object.assign(new BrowserSession(control), {});
    for (const [name, value] of old) late.cookies.set(name, value);
    // The answer with the new one may still be on its way to the other tab, or lost.
    await me(late);
    await me(tab);
    for (const [name, value] of old) late.cookies.set(name, value);
    await me(late);
    await sql(
      "UPDATE sessions SET previous_until = now() - interval '1 second' WHERE previous_until IS NOT NULL",
    );
    for (const [name, value] of old) late.cookies.set(name, value);
    expect(await refusal(me(late))).toBe("unauthenticated");
    expect(await refusal(me(tab))).toBe("unauthenticated");
    await me(other);
    const { entries } = await control.client().listAudit({ limit: 5 });
    expect(entries.some(({ action }) => action === "session.refuse")).toBe(true);
  },
  limitMs,
);

test(
  "a session is not accepted from another browser, and not after its time",
  async () => {
    const [stolen, newer, idle, old] = [await fresh(), await fresh(), await fresh(), await fresh()];
    newer.userAgent = newer.userAgent.replace("142", "143");
    await me(newer);
    stolen.userAgent = "curl/8";
    expect(await refusal(me(stolen))).toBe("unauthenticated");
    stolen.userAgent = newer.userAgent;
    expect(await refusal(me(stolen))).toBe("unauthenticated");
    const idOf = async (browser: BrowserSession) =>
      (await browser.ask<{ sessions: Session[] }>("GET", "/api/me/sessions")).sessions.find(
        ({ isThis }) => isThis,
      )!.id;
    await sql("UPDATE sessions SET last_seen_at = now() - interval '25 hours' WHERE id = $1", [
      await idOf(idle),
    ]);
    await sql("UPDATE sessions SET expires_at = now() WHERE id = $1", [await idOf(old)]);
    expect([await refusal(me(idle)), await refusal(me(old))]).toEqual(["unauthenticated", "unauthenticated"]);
  },
  limitMs,
);

test(
  "somebody sees their sessions, ends one, and a new password ends all others",
  async () => {
    const [one, two, three] = [await fresh(), await fresh(), await fresh()];
    const { sessions } = await one.ask<{ sessions: Session[] }>("GET", "/api/me/sessions");
    expect(sessions.filter(({ isThis }) => isThis)).toHaveLength(1);
    const ofTwo = (await two.ask<{ sessions: Session[] }>("GET", "/api/me/sessions")).sessions.find(
      (s) => s.isThis,
    )!;
    await one.ask("DELETE", `/api/me/sessions/${ofTwo.id}`);
    expect(await refusal(me(two))).toBe("unauthenticated");
    const change = (current: string, next: string) => one.ask("POST", "/api/me/password", { current, next });
    expect(await refusal(change("wrong", "another long password 88"))).toBe("sign_in_refused");
    await change(goodPassword, "velvet harbour cactus 31");
    expect(await refusal(me(three))).toBe("unauthenticated");
    await me(one);
    await change("velvet harbour cactus 31", goodPassword);
  },
  limitMs,
);

test(
  "secrets, restores and removals ask who it is once more",
  async () => {
    const browser = await fresh();
    await sql("UPDATE sessions SET fresh_until = now()");
    const reveal = () =>
      browser.ask("POST", "/api/apps/shop/variables/reveal", { environment: "production" });
    expect(await refusal(reveal())).toBe("fresh_sign_in_needed");
    expect(await refusal(browser.ask("DELETE", "/api/apps/other"))).toBe("fresh_sign_in_needed");
    expect((await me(browser)).isFresh).toBe(false);
    expect(await refusal(browser.ask("POST", "/api/me/confirm", { password: "wrong" }))).toBe(
      "sign_in_refused",
    );
    await browser.ask("POST", "/api/me/confirm", { password: goodPassword });
    await reveal();
  },
  limitMs,
);

test(
  "codes of an authenticator app are asked for, good once, and recovery codes as well",
  async () => {
    const who = "codes@example.com";
    const browser = await joinAs(control, who, [{ role: "viewer" }]);
    const password = { password: goodPassword };
    const { uri, recoveryCodes } = await browser.ask<{ uri: string; recoveryCodes: string[] }>(
      "POST",
      "/api/me/codes",
      password,
    );
    const secret = new URL(uri).searchParams.get("secret")!;
    // Until a code has been given, nothing is asked for.
    expect(await signIn(new BrowserSession(control), goodPassword, who)).toEqual({ outcome: "signed_in" });
    const used = totp(secret);
    await browser.ask("POST", "/api/me/codes/confirm", { code: used });
    expect((await me(browser)).person.hasCodes).toBe(true);
    const again = new BrowserSession(control);
    expect(await signIn(again, goodPassword, who)).toEqual({ outcome: "code_needed" });
    expect(await refusal(me(again))).toBe("unauthenticated");
    // It was used when codes were begun.
    expect(await refusal(again.ask("POST", "/api/sign-in/code", { code: used }))).toBe("sign_in_refused");
    expect(await refusal(me(again))).toBe("unauthenticated");
    const next = new BrowserSession(control);
    await signIn(next, goodPassword, who);
    expect(await refusal(next.ask("POST", "/api/sign-in/code", { code: "000000" }))).toBe("sign_in_refused");
    await next.ask("POST", "/api/sign-in/code", { code: totp(secret, 1) });
    await me(next);
    const lost = new BrowserSession(control);
    for (const outcome of ["accepted", "sign_in_refused"]) {
      await signIn(lost, goodPassword, who);
      expect(await refusal(lost.ask("POST", "/api/sign-in/code", { recoveryCode: recoveryCodes[0]! }))).toBe(
        outcome,
      );
    }
    const [stored] = await sql<{ secret: string; backup_codes: string }>("SELECT * FROM second_factors");
    expect(stored!.secret).not.toContain(secret);
    expect(stored!.backup_codes).not.toContain(recoveryCodes[1]!);
  },
  limitMs,
);

test(
  "a link sets the password anew, and ends what was there before",
  async () => {
    const who = "forgot@example.com";
    const before = await joinAs(control, who, [{ app: "shop" as never, role: "operator" }]);
    const { person } = await me(before);
    const { link } = await control.client().makeResetLink({ person: person.id });
    const after = await joinBy(control, link, { email: who, name: "Ben" });
    expect(await refusal(me(before))).toBe("unauthenticated");
    expect((await me(after)).person).toMatchObject({
      id: person.id,
      name: "Ben",
      roles: [{ app: "shop", role: "operator" }],
    });
  },
  limitMs,
);

test(
  "the last owner stays one, and nobody gives themselves what they have not",
  async () => {
    const { person } = await me(await fresh());
    const client = control.client();
    expect(await refusal(client.setRoles({ person: person.id, roles: [{ role: "viewer" }] }))).toBe(
      "last_owner",
    );
    expect(await refusal(client.removePerson({ person: person.id }))).toBe("last_owner");
    const operator = await joinAs(control, "op@example.com", [{ role: "operator" }]);
    const own = (await me(operator)).person.id;
    const wish = { roles: [{ role: "owner" }] };
    expect(await refusal(operator.ask("PUT", `/api/people/${own}/roles`, wish))).toBe("forbidden");
    expect(await refusal(operator.ask("POST", "/api/invitations", { email: "x@example.com", ...wish }))).toBe(
      "forbidden",
    );
    await client.removePerson({ person: own });
    expect(await refusal(me(operator))).toBe("unauthenticated");
  },
  limitMs,
);

test(
  "a person's token can do what the person can, and ends with them",
  async () => {
    const browser = await joinAs(control, "scoped@example.com", [{ app: "shop" as never, role: "operator" }]);
    const { person } = await me(browser);
    const made = await control.client().createToken({
      ...{ name: "laptop", permissions: ["read", "deploy", "admin"], owner: person.email },
    });
    const client = control.client(made.secret);
    expect((await client.listApps()).apps.map(({ name }) => name as string)).toEqual(["shop"]);
    expect(await refusal(client.listTokens())).toBe("forbidden");
    await control.client().setRoles({ person: person.id, roles: [{ role: "viewer" }] });
    expect((await client.listApps()).apps.length).toBeGreaterThan(1);
    expect(await refusal(client.ensureApp({ app: "shop" }))).toBe("forbidden");
    await control.client().removePerson({ person: person.id });
    expect(await refusal(client.listApps())).toBe("unauthenticated");
  },
  limitMs,
);

test(
  "a command line acts for a person who has confirmed its code, and until they end it",
  async () => {
    const browser = await joinAs(control, "cli@example.com", [{ app: "shop" as never, role: "operator" }]);
    const client = control.client();
    const begun = await client.beginDeviceLogin({
      client: "evenkeel on laptop",
      permissions: ["read", "deploy", "admin"],
    });
    expect(begun.verification_uri).toBe(`http://localhost:${control.edge.port}/device`);
    const redeem = () => client.redeemDeviceLogin({ device_code: begun.device_code });
    expect(await refusal(redeem())).toBe("authorization_pending");
    expect(await refusal(redeem())).toBe("slow_down");
    const code = { userCode: begun.user_code.toLowerCase() };
    expect(await browser.ask("POST", "/api/device-logins/look", code)).toMatchObject({
      client: "evenkeel on laptop",
      permissions: ["read", "deploy", "admin"],
    });
    expect(await refusal(browser.ask("POST", "/api/device-logins/look", { userCode: "BCDFGHJK" }))).toBe(
      "link_invalid",
    );
    await browser.ask("POST", "/api/device-logins/decide", { ...code, allow: true });
    const { access_token } = await redeem();
    expect(await refusal(redeem())).toBe("expired_token");
    const own = control.client(access_token);
    const who = await own.whoami();
    expect(who.person?.email).toBe("cli@example.com");
    // What the person has not, the token has not.
    expect([who.permissions, who.onApps["shop"]]).toEqual([[], ["read", "deploy"]]);
    expect(await own.endOwnToken()).toEqual({ revoked: true });
    expect(await refusal(own.whoami())).toBe("unauthenticated");
    const refused = await client.beginDeviceLogin({ client: "stranger" });
    await browser.ask("POST", "/api/device-logins/decide", { userCode: refused.user_code, allow: false });
    expect(await refusal(client.redeemDeviceLogin({ device_code: refused.device_code }))).toBe(
      "access_denied",
    );
    expect(await client.whoami()).toMatchObject({ actor: { kind: "token", id: "admin" } });
    expect(await client.endOwnToken()).toEqual({ revoked: false });
  },
  limitMs,
);

test("every answer has headers that bind a browser, errors as well", async () => {
  const browser = await fresh();
  for (const path of ["/", "/api/me", "/api/openapi.json", "/api/nothing", "/api/apps/Shop;rm"]) {
    const { headers } = await browser.send("GET", path);
    expect([path, headers.get("content-security-policy")]).toEqual([
      path,
      expect.stringContaining("default-src 'none'"),
    ]);
    expect([path, headers.get("x-content-type-options"), headers.get("x-frame-options")]).toEqual([
      path,
      "nosniff",
      "DENY",
    ]);
    expect([path, headers.get("access-control-allow-origin")]).toEqual([path, null]);
  }
});

test("a body that is too large is not read, of whoever it is", async () => {
  const wish = { email, password: "x".repeat(2 ** 21) };
  expect(await refusal(new BrowserSession(control).ask("POST", "/api/sign-in/password", wish))).toBe(
    "request_too_large",
  );
});

test("no secret of any account is on record or in the lists", async () => {
  const texts = JSON.stringify([
    await control.client().listAudit({ limit: 500 }),
    await control.client().listPeople(),
  ]);
  for (const word of [goodPassword, "__Host", "otpauth", "#"]) expect(texts).not.toContain(word);
});

/** RFC 6238 with SHA-1, six digits, 30 s. @param ahead steps from now */
function totp(secret: string, ahead = 0): string {
  const bits = [...secret.replace(/=+$/, "")]
    .map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0"))
    .join("");
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + ahead));
  const digest = createHmac("sha1", key).update(counter).digest();
  const at = digest.at(-1)! & 15;
  return String((digest.readUInt32BE(at) & 0x7fff_ffff) % 1_000_000).padStart(6, "0");
}
