import { type Context, Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { sameSecret } from "../access/secret.ts";
import { sessionRoutes } from "../access/session-routes.ts";
import { refill } from "../dialling/refill.ts";
import { tick } from "../dialling/tick.ts";
import { environment } from "../environment.ts";
import { log } from "../log.ts";
import { receiveWebhook } from "../vapi/receive-webhook.ts";
import { VapiError } from "../vapi/vapi-error.ts";
import { afterwards } from "./afterwards.ts";
import { health } from "./health.ts";
import { memberRoutes } from "./member-routes.ts";
import { refused } from "./refused.ts";

const largestMessageBytes = 6 * 1024 * 1024;

function isScheduler(authorization: string | undefined): boolean {
  const { CRON_SHARED_SECRET, CRON_SECRET } = environment();
  return [CRON_SHARED_SECRET, CRON_SECRET].some(
    (secret) => secret !== undefined && sameSecret(authorization ?? "", `Bearer ${secret}`),
  );
}

async function runTick(c: Context): Promise<Response> {
  if (!isScheduler(c.req.header("authorization"))) throw refused("This is for the scheduler", 401);
  return c.json(await tick());
}

export const app = new Hono()
  .basePath("/api")
  .get("/health", async (c) => {
    const found = await health();
    return c.json(found, found.status === "healthy" ? 200 : 503, { "cache-control": "no-store" });
  })
  // Vercel's scheduler asks by GET.
  .get("/scheduler/tick", runTick)
  .post("/scheduler/tick", runTick)
  .post("/webhooks/vapi", async (c) => {
    const length = Number(c.req.header("content-length") ?? 0);
    if (length > largestMessageBytes) throw refused("The message is larger than 6 MB", 413);
    const body = Buffer.from(await c.req.arrayBuffer());
    if (body.length > largestMessageBytes) throw refused("The message is larger than 6 MB", 413);
    const { status, result, freed } = await receiveWebhook(body, c.req.raw.headers);
    if (freed !== undefined) afterwards(refill(freed));
    return c.json({ result }, status);
  })
  .route("/session", sessionRoutes)
  .route("/", memberRoutes)
  .notFound((c) => c.json({ error: "There is nothing here" }, 404))
  .onError((error, c) => {
    if (error instanceof HTTPException) return error.getResponse();
    if (error instanceof VapiError) {
      log("warn", "The provider failed a request", { path: c.req.path, error });
      return c.json({ error: `The voice provider did not do it: ${error.message}` }, 502);
    }
    log("error", "A request failed", { method: c.req.method, path: c.req.path, error });
    return c.json({ error: "Something went wrong here. It is logged" }, 500);
  });
