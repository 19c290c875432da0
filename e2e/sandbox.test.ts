import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { request as socketRequest } from "node:http";
import { join } from "node:path";
import { eventually } from "./harness/http.ts";
import { type Deployed, repository, TestPlatform } from "./harness/platform.ts";
import { writePrebuilt } from "./harness/prebuilt.ts";

/** An app as its team would write it: the official SDKs, credentials from the environment, webhooks at its own address. */
const app = `
  import Twilio from "twilio";
  import { VapiClient } from "@vapi-ai/server-sdk";
  const here = "https://" + process.env.VERCEL_URL;
  const form = async (request) => {
    let text = "";
    for await (const piece of request) text += piece;
    return Object.fromEntries(new URLSearchParams(text));
  };
  export default async (request, response) => {
    const client = Twilio(process.env.TWILIO_ACCOUNT_SID, process.env.TWILIO_AUTH_TOKEN);
    const vapi = new VapiClient({ token: process.env.VAPI_API_KEY });
    const from = process.env.TWILIO_PHONE_NUMBER;
    switch (request.url.split("?")[0]) {
      case "/text":
        return response.json(await client.messages.create({ to: "+14155552671", from, body: "Hi", statusCallback: here + "/status" }));
      case "/status": {
        const params = await form(request);
        const signed = Twilio.validateRequest(process.env.TWILIO_AUTH_TOKEN, request.headers["x-twilio-signature"], here + "/status", params);
        return response.status(signed ? 204 : 403).end();
      }
      case "/calls":
        return response.json(await vapi.calls.list());
      case "/elsewhere":
        return response.json(await fetch("https://example.invalid/").then(() => "reached", (error) => String(error.cause?.code ?? error)));
      default:
        return response.json(Object.keys(process.env).filter((name) => /TWILIO|VAPI|SANDBOX/.test(name)).sort());
    }
  };`;

async function bundled(folder: string): Promise<string> {
  // Beside the SDKs, so that they are found.
  const built = await Bun.build({
    entrypoints: [join(repository, "packages/sandbox/app.mjs")],
    files: { [join(repository, "packages/sandbox/app.mjs")]: app },
    target: "node",
    format: "cjs",
  });
  const code = await built.outputs[0]!.text();
  return writePrebuilt(folder, {
    functions: { index: `${code}\nif (module.exports.default) module.exports = module.exports.default;` },
  });
}

let platform: TestPlatform;
let folder: string;
let preview: Deployed;
beforeAll(async () => {
  platform = await TestPlatform.start();
  folder = await bundled(platform.sourceFolder("shop"));
  preview = await platform.deploy(folder, "--app", "shop", "--prebuilt");
}, 180_000);
afterAll(() => platform?.stop(), 120_000);

const get = async <Body>(host: string, path: string): Promise<Body> => {
  const answer = await platform.get(host, path);
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.text()}`);
  return answer.json() as Body;
};

/** Asks the sandbox on its socket, as the command line does. */
function admin(method: string, path: string, body: object = {}): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const asked = socketRequest(
    { socketPath: join(platform.home, "run/sandbox.sock"), method, path },
    (response) => {
      let text = "";
      response.on("data", (piece) => {
        text += piece;
      });
      response.on("end", () => resolve(JSON.parse(text)));
    },
  );
  asked.on("error", reject);
  asked.end(JSON.stringify(body));
  return promise;
}

describe("an app with outside providers", () => {
  test("talks to twins in a preview, by the official SDKs and without being told", async () => {
    await platform.must("sandbox", "speed", "shop", "100");
    const sent = await get<{ sid: string; status: string }>(preview.host, "/text");
    expect(sent).toMatchObject({ status: "queued" });
    const webhooks = await eventually(
      async () =>
        (await admin("GET", "/accounts/shop/preview/webhooks")) as {
          webhooks: { state: string; status: number }[];
        },
      (seen) => seen.webhooks.filter(({ state }) => state === "answered").length === 3,
    );
    // The app answers so only where the signature is sound.
    expect(webhooks.webhooks.map(({ status }) => status)).toEqual([204, 204, 204]);
    expect(await get<unknown[]>(preview.host, "/calls")).toEqual([]);
    expect(await get<string[]>(preview.host, "/")).toEqual(
      expect.arrayContaining(["TWILIO_AUTH_TOKEN", "VAPI_API_KEY"]),
    );
    expect((await get<string[]>(preview.host, "/")).filter((name) => name.includes("SANDBOX"))).toEqual([]);
  }, 120_000);

  test("reaches other hosts as before", async () => {
    expect(await get<string>(preview.host, "/elsewhere")).not.toBe("reached");
  }, 60_000);

  test("has no twins in production, until somebody asks for them by name", async () => {
    const live = await platform.deploy(folder, "--app", "shop", "--prebuilt", "--prod");
    expect(await get<string[]>(live.host, "/")).toEqual([]);
    expect((await platform.failing("sandbox", "enable", "shop", "--env", "production")).exitCode).toBe(2);
    await platform.must("sandbox", "enable", "shop", "--env", "production", "--yes");
    expect((await platform.run("status")).stdout).toContain("! Production of shop talks to the sandbox");
    const loud = await platform.deploy(folder, "--app", "shop", "--prebuilt", "--prod");
    expect(await get<string[]>(loud.host, "/")).toContain("TWILIO_AUTH_TOKEN");
    expect(await platform.must("logs", "shop", "--build", loud.id)).toContain(
      "WARNING: production talks to the sandbox",
    );
  }, 180_000);

  test("meets the faults that somebody adds", async () => {
    await platform.must(
      "sandbox",
      "faults",
      "add",
      "shop",
      "rate_limit",
      "30",
      "--provider",
      "twilio",
      "--times",
      "1",
    );
    // The official client does not repeat it by itself.
    expect((await platform.get(preview.host, "/text")).status).toBe(500);
    expect((await platform.get(preview.host, "/text")).status).toBe(200);
    const [fault] = await platform.json<{ struck: number[] }[]>("sandbox", "faults", "list", "shop");
    expect(fault!.struck).toEqual([1]);
    expect((await platform.failing("sandbox", "faults", "add", "shop", "latency", "soon")).exitCode).toBe(2);
    expect((await platform.failing("sandbox", "faults", "add", "shop", "gremlins")).stderr).toContain(
      "There is no fault",
    );
  }, 60_000);

  test("goes on where it was after its sandbox is killed", async () => {
    const { processes } = await platform.json<{ processes: { name: string; pid: number }[] }>("status");
    process.kill(processes.find(({ name }) => name === "sandbox")!.pid, "SIGKILL");
    const sent = await eventually(
      () => get<{ status: string }>(preview.host, "/text").catch(() => ({ status: "" })),
      ({ status }) => status === "queued",
    );
    expect(sent.status).toBe("queued");
  }, 60_000);
});
