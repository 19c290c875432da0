import { afterAll, beforeAll, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { join } from "node:path";
import type { CDPSession, Page } from "playwright-core";
import { openBrowser } from "./harness/browser.ts";
import { eventually } from "./harness/http.ts";
import { repository, TestPlatform } from "./harness/platform.ts";

const limitMs = 120_000;
const email = "ada@example.com";
const password = "ferry orbit mustard tunnel 7";
let platform: TestPlatform;
let browser: Awaited<ReturnType<typeof openBrowser>>;
let page: Page;
beforeAll(async () => {
  platform = await TestPlatform.start();
  browser = await openBrowser();
  page = await browser.context.newPage();
  await page.route(home(), (route) => route.fulfill({ contentType: "text/html", body: "<p>Empty</p>" }));
  await page.goto(home());
}, limitMs);
afterAll(async () => {
  await browser?.close();
  await platform?.stop();
}, limitMs);

/** A page of the platform's own origin that does nothing by itself: the tests ask from it as the console does. */
const home = () => `http://localhost:${platform.port}/empty-page`;

interface Answer {
  status: number;
  json: Record<string, never> & { error?: { code: string } };
}

/** Runs in the page. */
const inPage = <Result>(script: string, given: unknown): Promise<Result> =>
  page.evaluate<Result>(`(${script})(${JSON.stringify(given)})`);

/** A request that the page makes by itself, with the browser's cookies and headers. */
const ask = (method: string, path: string, body?: object): Promise<Answer> =>
  inPage(
    `async ({ method, path, body }) => {
      const headers = body ? { "content-type": "application/json" } : {};
      const response = await fetch(path, { method, headers, body });
      return { status: response.status, json: await response.json() };
    }`,
    { method, path, body: body && JSON.stringify(body) },
  );

/** What a page does with a question for a passkey. */
const passkey = (kind: "create" | "get", options: object): Promise<object> =>
  inPage(
    `async (options) => (await navigator.credentials.${kind}({
      publicKey: PublicKeyCredential.parse${kind === "create" ? "Creation" : "Request"}OptionsFromJSON(options),
    })).toJSON()`,
    options,
  );

async function virtualAuthenticator(): Promise<CDPSession> {
  const devtools = await browser.context.newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      ...{ protocol: "ctap2", transport: "internal", hasResidentKey: true },
      ...{ hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
    },
  });
  return devtools;
}

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

test(
  "an owner joins by the link of the command line, signs in with codes and with a passkey, and logs the command line in",
  async () => {
    const { link } = await platform.json<{ link: string }>("people", "owner-link");
    expect(link).toStartWith(`http://localhost:${platform.port}/join#`);
    const secret = new URL(link).hash.slice(1);
    expect(await ask("POST", "/api/join", { secret, name: "Ada", email, password })).toMatchObject({
      status: 200,
      json: { outcome: "signed_in" },
    });
    // Chromium keeps `__Host-` and `Secure` at http://localhost; scripts see none of it.
    const cookies = await browser.context.cookies();
    expect(cookies.map(({ name }) => name).sort()).toEqual([
      "__Host-evenkeel.device",
      "__Host-evenkeel.session_token",
    ]);
    for (const cookie of cookies)
      expect(cookie).toMatchObject({ secure: true, httpOnly: true, sameSite: "Strict", domain: "localhost" });
    expect(await page.evaluate<string>("document.cookie")).toBe("");
    expect((await platform.failing("people", "owner-link")).stdout).not.toContain("join#");

    const begun = (await ask("POST", "/api/me/codes", { password })).json as unknown as { uri: string };
    const seed = new URL(begun.uri).searchParams.get("secret")!;
    expect((await ask("POST", "/api/me/codes/confirm", { code: totp(seed) })).status).toBe(200);
    await virtualAuthenticator();
    const offered = (await ask("POST", "/api/me/passkeys/question")).json as unknown as {
      challenge: string;
      options: object;
    };
    const made = await passkey("create", offered.options);
    const wish = { challenge: offered.challenge, name: "laptop", response: made };
    expect((await ask("POST", "/api/me/passkeys", wish)).status).toBe(200);
    // A challenge is good once.
    expect((await ask("POST", "/api/me/passkeys", wish)).json.error?.code).toBe("passkey_refused");

    await ask("POST", "/api/sign-out");
    expect((await ask("GET", "/api/me")).status).toBe(401);
    expect((await ask("POST", "/api/sign-in/password", { email, password })).json).toEqual({
      outcome: "code_needed",
    } as never);
    expect((await ask("POST", "/api/sign-in/code", { code: totp(seed, 1) })).status).toBe(200);
    expect((await ask("GET", "/api/me")).json).toMatchObject({
      person: { email, hasCodes: true, passkeys: 1 },
    });

    await ask("POST", "/api/sign-out");
    const asked = (await ask("POST", "/api/sign-in/passkey/question")).json as unknown as {
      challenge: string;
      options: object;
    };
    const response = await passkey("get", asked.options);
    expect(
      (await ask("POST", "/api/sign-in/passkey", { challenge: asked.challenge, response })).json,
    ).toEqual({
      outcome: "signed_in",
    } as never);
    expect((await ask("GET", "/api/me")).json).toMatchObject({ person: { email } });

    // The command line acts as the person afterwards, and the audit log says so.
    const environment = {
      ...{
        XDG_CONFIG_HOME: join(platform.folder, "config"),
        EVENKEEL_URL: `http://localhost:${platform.port}`,
      },
    };
    const login = Bun.spawn([join(repository, "evenkeel"), "login", environment.EVENKEEL_URL, "--json"], {
      env: { ...process.env, EVENKEEL_HOME: platform.home, ...environment },
      ...{ stdin: "ignore", stdout: "pipe", stderr: "inherit" },
    });
    const lines = login.stdout.getReader();
    const first = Buffer.from((await lines.read()).value!).toString();
    const { userCode } = JSON.parse(first.split("\n")[0]!) as { userCode: string };
    expect((await ask("POST", "/api/device-logins/decide", { userCode, allow: true })).status).toBe(200);
    expect(await login.exited).toBe(0);
    const run = (...words: string[]) => platform.runIn(repository, words, environment);
    expect((await run("whoami")).stdout).toContain(`<${email}>`);
    expect((await run("people", "ls")).exitCode).not.toBe(0);
    expect((await run("logout")).exitCode).toBe(0);
    expect((await run("whoami")).stderr).toContain("evenkeel login");
  },
  limitMs,
);

test(
  "a page of an app cannot use the console's cookie, and the log of who did what is whole",
  async () => {
    const folder = platform.sourceFolder("trap");
    await Bun.write(join(folder, "index.html"), "<p>A page of an app</p>");
    await platform.deploy(folder, "--app", "trap", "--prod");
    const app = await browser.context.newPage();
    await app.goto(`http://trap.localhost:${platform.port}/`);
    const attempt = (method: string, path: string) =>
      app.evaluate(
        `fetch("http://localhost:${platform.port}${path}", { method: "${method}", credentials: "include", mode: "no-cors" }).then(() => 1, () => 2)`,
      );
    await attempt("POST", "/api/sign-out");
    await attempt("GET", "/api/me");
    await app.close();
    // Nobody was signed out by it.
    expect((await ask("GET", "/api/me")).status).toBe(200);
    const verified = await platform.json<{ isWhole: boolean; entries: number }>("audit", "verify");
    expect(verified.isWhole).toBe(true);
    const found = await eventually(
      () => platform.json<{ action: string }[]>("audit", "list", "--who", email),
      (entries) => entries.some(({ action }) => action === "passkey.add"),
    );
    expect(found.map(({ action }) => action)).toContain("device_login.allow");
    expect(await platform.must("audit", "export")).toContain('"person.join"');
    expect(JSON.parse(await platform.must("openapi")).openapi).toBe("3.1.1");
  },
  limitMs,
);
