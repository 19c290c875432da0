import { waitUntil } from "@vercel/functions";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { HTTPException } from "hono/http-exception";
import { contactRoutes } from "./contacts/routes.ts";
import { receiveText } from "./conversations/receive-text.ts";
import { database } from "./database.ts";
import { environment } from "./environment.ts";
import { flowRoutes } from "./flows/routes.ts";
import { viewRoutes } from "./http/view-routes.ts";
import { sendQueued } from "./messages/send-queued.ts";
import { takeStatus } from "./messages/status.ts";
import { operatorRoutes } from "./operators/operator-routes.ts";
import { sessionRoutes } from "./operators/routes.ts";
import { isCron, type OperatorVariables, requireOperator } from "./operators/session.ts";
import { reminderRoutes } from "./reminders/routes.ts";
import { tick } from "./tick.ts";
import { numberRoutes } from "./twilio/number-routes.ts";
import { answerCall, conversationWith, hearCall } from "./twilio/voice.ts";
import { requireTwilio, type TwilioVariables } from "./twilio/webhook.ts";

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const xml = { "content-type": "text/xml; charset=utf-8" };
const nothingToSay = '<?xml version="1.0" encoding="UTF-8"?><Response/>';

const twilioRoutes = new Hono<TwilioVariables>()
  .use(requireTwilio)
  .post("/sms", async (c) => {
    const form = c.get("form");
    const sql = database();
    const received = await receiveText(sql, {
      sid: form["MessageSid"] ?? form["SmsSid"] ?? "",
      from: form["From"] ?? "",
      body: form["Body"] ?? "",
      media: Number(form["NumMedia"] ?? 0) || 0,
      answeredByTwilio: form["OptOutType"] !== undefined,
    });
    sendSoon();
    const studio = environment().TWILIO_STUDIO_FLOW_URL;
    if (received === "unexpected" && studio) {
      return c.body(
        `<?xml version="1.0" encoding="UTF-8"?><Response><Redirect>${escapeXml(studio)}</Redirect></Response>`,
        200,
        xml,
      );
    }
    return c.body(nothingToSay, 200, xml);
  })
  .post("/status", async (c) => {
    const form = c.get("form");
    const id = c.req.query("message") ?? "";
    const sid = form["MessageSid"] ?? form["CallSid"];
    const status = form["MessageStatus"] ?? form["CallStatus"];
    if (uuid.test(id) && sid && status)
      await takeStatus(database(), id, sid, status, form["ErrorCode"] ?? null);
    return c.body(null, 204);
  })
  .post("/voice", async (c) => {
    const form = c.get("form");
    const given = c.req.query("conversation") ?? "";
    // Without a conversation somebody calls the number: what they are being asked is asked on the telephone.
    const id = uuid.test(given) ? given : await conversationWith(database(), form["From"] ?? "");
    const twiml = await answerCall(
      database(),
      id ?? nobody,
      form["CallSid"] ?? "",
      form["AnsweredBy"] ?? "human",
    );
    sendSoon();
    return c.body(twiml, 200, xml);
  })
  .post("/voice/reply", async (c) => {
    const form = c.get("form");
    const id = c.req.query("conversation") ?? "";
    const twiml = await hearCall(
      database(),
      uuid.test(id) ? id : nobody,
      Number(c.req.query("revision") ?? 0) || 0,
      {
        callSid: form["CallSid"] ?? "",
        keys: form["Digits"] ?? "",
        speech: form["SpeechResult"] ?? "",
      },
    );
    sendSoon();
    return c.body(twiml, 200, xml);
  });

const nobody = "00000000-0000-0000-0000-000000000000";

/** What was queued by this request goes out after its answer; a tick sends it if the instance ends before. */
function sendSoon(): void {
  waitUntil(sendQueued(database(), 10_000).catch((error) => console.error("Sending failed:", error)));
}

function escapeXml(text: string): string {
  return text.replace(/[<>&"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const operatorsRoutes = new Hono<OperatorVariables>()
  .use(requireOperator)
  .route("/contacts", contactRoutes)
  .route("/reminders", reminderRoutes)
  .route("/flows", flowRoutes)
  .route("/number", numberRoutes)
  .route("/operators", operatorRoutes)
  .route("/", viewRoutes);

export const app = new Hono()
  .basePath("/api")
  .use(
    bodyLimit({
      maxSize: 11_000_000,
      onError: (c) => c.json({ error: "The request is larger than 11 MB" }, 413),
    }),
  )
  .get("/health", async (c) => {
    const startedAt = performance.now();
    await database()`SELECT 1`;
    return c.json({ status: "ok", databaseMs: Math.round(performance.now() - startedAt) });
  })
  .get("/cron/daily-reminders", (c) => run(c.req.header("authorization"), "daily"))
  .get("/cron/tick", (c) => run(c.req.header("authorization"), "frequent"))
  .route("/session", sessionRoutes)
  .route("/twilio", twilioRoutes)
  .route("/", operatorsRoutes)
  .notFound((c) => c.json({ error: "There is nothing here" }, 404))
  .onError((error, c) => {
    if (error instanceof HTTPException) return error.getResponse();
    console.error(`${c.req.method} ${c.req.path} failed:`, error);
    return c.json({ error: "Something went wrong here. It is logged" }, 500);
  });

async function run(authorization: string | undefined, mode: "daily" | "frequent"): Promise<Response> {
  if (!isCron(authorization)) return Response.json({ error: "This is for the scheduler" }, { status: 401 });
  return Response.json(await tick(database(), mode, 45_000));
}
