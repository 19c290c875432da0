import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "./harness/http.ts";
import { type Deployed, repository, TestPlatform } from "./harness/platform.ts";
import { writePrebuilt } from "./harness/prebuilt.ts";

const limitMs = 120_000;

/** As a team would write it: the official SDKs, credentials from the environment. */
const asking = `
  import Stripe from "stripe";
  import { createTransport } from "nodemailer";
  import { execFile } from "node:child_process";
  import { promisify } from "node:util";
  const models = () => fetch("https://api.openai.com/v1/models", { headers: { authorization: "Bearer " + process.env.OPENAI_API_KEY } })
    .then((response) => response.json()).then(({ data }) => data.length > 0);
  const heard = [];
  export async function answer(path, read, signature) {
    const stripe = new Stripe(process.env.STRIPE_SECRET_KEY);
    switch (path) {
      case "/buy": {
        const price_data = { currency: "usd", unit_amount: 900, recurring: { interval: "month" }, product_data: { name: "Pro" } };
        const { id, url } = await stripe.checkout.sessions.create({ mode: "subscription", line_items: [{ price_data, quantity: 1 }], success_url: "https://cafe.localhost/thanks" });
        return { id, url };
      }
      case "/hook": {
        const event = await stripe.webhooks.constructEventAsync(await read(), signature, process.env.STRIPE_WEBHOOK_SECRET);
        heard.push(event.type);
        if (event.type === "checkout.session.completed") await createTransport(process.env.SMTP_URL).sendMail({ from: process.env.SMTP_FROM, to: event.data.object.customer_details.email, subject: "Welcome", text: "You are in." });
        return {};
      }
      case "/heard": return heard;
      case "/models": return { models: await models() };
      case "/balance": return { key: (await stripe.accounts.retrieveCurrent?.().catch(() => null))?.object ?? (await stripe.customers.list()).object };
      case "/child": return JSON.parse((await promisify(execFile)(process.execPath, ["-e", 'fetch("https://api.openai.com/v1/models", { headers: { authorization: "Bearer " + process.env.OPENAI_API_KEY } }).then((r) => r.json()).then(({ data }) => console.log(JSON.stringify({ models: data.length > 0 })))'])).stdout);
      default: return { secret: Object.keys(process.env).filter((name) => name.startsWith("EVENKEEL_SANDBOX_PROVIDERS")) };
    }
  }`;
const server = `import { createServer } from "node:http";
  import { answer } from "./asking.mjs";
  createServer(async (request, response) => {
    const read = async () => { let text = ""; for await (const piece of request) text += piece; return text; };
    try { response.end(JSON.stringify(await answer(request.url, read, request.headers["stripe-signature"]))); }
    catch (error) { response.statusCode = 500; response.end(String(error.stack)); }
  }).listen(process.env.PORT);`;
const fn = `import { answer } from "./asking.mjs";
  export default async (request, response) => {
    try { response.json(await answer(request.url, async () => "", "")); } catch (error) { response.status(500).send(String(error.stack)); }
  };`;

/** With the SDKs inside, so that nothing has to be installed. */
async function bundle(entry: string, format: "esm" | "cjs"): Promise<string> {
  const at = (name: string) => join(repository, "packages/sandbox", name);
  const built = await Bun.build({
    ...{ entrypoints: [at("entry.mjs")], target: "node", format },
    files: { [at("entry.mjs")]: entry, [at("asking.mjs")]: asking },
  });
  return built.outputs[0]!.text();
}

let platform: TestPlatform;
let preview: Deployed;
beforeAll(async () => {
  platform = await TestPlatform.start();
  const folder = join(platform.folder, "cafe");
  mkdirSync(folder, { recursive: true });
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  write(
    "package.json",
    JSON.stringify({ name: "cafe", type: "module", scripts: { build: "node build.mjs" } }),
  );
  write("Procfile", "web: node server.mjs\n");
  write("server.mjs", await bundle(server, "esm"));
  write(
    "build.mjs",
    'const { data } = await (await fetch("https://api.openai.com/v1/models", { headers: { authorization: "Bearer " + process.env.OPENAI_API_KEY } })).json(); console.log("built with models: " + (data.length > 0));',
  );
  preview = await platform.deploy(folder, "--app", "cafe");
}, 600_000);
afterAll(() => platform?.stop(), 60_000);

const get = async <Body>(host: string, path: string): Promise<Body> => {
  const answer = await platform.get(host, path);
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.text()}`);
  return answer.json() as Body;
};

describe("a Procfile app that takes money and sends mail", () => {
  test(
    "is led to the twins while it is built, while it runs, and in what it starts",
    async () => {
      expect(await platform.must("logs", "cafe", "--build", preview.id)).toContain("built with models: true");
      expect(await get<object>(preview.host, "/models")).toEqual({ models: true });
      expect(await get<object>(preview.host, "/child")).toEqual({ models: true });
      expect(await get<object>(preview.host, "/")).toEqual({ secret: [] });
    },
    limitMs,
  );

  test(
    "is paid by a person, hears of it by a signed webhook, and welcomes them by mail, all from the terminal",
    async () => {
      const hook = `http://${preview.host}:${platform.port}/hook`;
      await platform.must("sandbox", "endpoints", "add", "cafe", hook);
      const { id, url } = await get<{ id: string; url: string }>(preview.host, "/buy");
      expect(await (await fetch(url)).text()).toContain("$9.00");
      const declined = await platform.failing("sandbox", "pay", "cafe", id, "--card", "4000000000000002");
      expect(declined.stdout).toContain("Your card was declined.");
      await platform.must("sandbox", "pay", "cafe", id, "--email", "ada@example.com");
      await eventually(
        () => get<string[]>(preview.host, "/heard"),
        (heard) => heard.includes("checkout.session.completed") && heard.includes("invoice.paid"),
      );
      const mail = await eventually(
        async () =>
          (await platform.json<{ mail: { to: string[]; subject: string }[] }>("sandbox", "inbox", "cafe"))
            .mail,
        (all) => all.length > 0,
      );
      expect(mail).toMatchObject([{ provider: "smtp", to: ["ada@example.com"], subject: "Welcome" }]);
      expect(await platform.must("sandbox", "billing", "cafe")).toContain("Pro, $9.00 / month");
      const webhooks = await platform.json<{ id: string; status: number }[]>("sandbox", "webhooks", "cafe");
      expect(new Set(webhooks.map(({ status }) => status))).toEqual(new Set([200]));
      expect(await platform.must("sandbox", "webhooks", "cafe", webhooks[0]!.id, "--resend")).toContain(
        "200",
      );
      expect(await platform.must("sandbox", "audit", "cafe")).toContain(
        "POST /accounts/cafe/preview/endpoints",
      );
    },
    limitMs,
  );

  test(
    "texts and calls of people come from the terminal, too",
    async () => {
      await platform.must("sandbox", "phone", "text", "cafe", "Is it open?");
      await platform.must("sandbox", "phone", "call", "cafe", "--provider", "twilio");
      const listed = await platform.must("sandbox", "phone", "list", "cafe");
      expect(listed).toContain("Is it open?");
      expect(await platform.must("sandbox", "requests", "cafe")).toContain("POST /v1/checkout/sessions");
    },
    limitMs,
  );
});

test(
  "a function that runs on Bun is led there, too",
  async () => {
    const folder = platform.sourceFolder("kiosk");
    const code = await bundle(fn, "cjs");
    writePrebuilt(folder, {
      functions: { index: `${code}\nif (module.exports.default) module.exports = module.exports.default;` },
      settings: { runtime: "bun1.x" },
    });
    const { host } = await platform.deploy(folder, "--app", "kiosk", "--prebuilt");
    expect(await get<object>(host, "/models")).toEqual({ models: true });
    expect(await get<object>(host, "/balance")).toMatchObject({ key: expect.stringMatching(/account|list/) });
  },
  limitMs,
);
