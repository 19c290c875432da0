import { Hono } from "hono";
import { audit } from "../audit.ts";
import { database } from "../database.ts";
import { environment, publicUrl } from "../environment.ts";
import { refused } from "../http/body.ts";
import type { OperatorVariables } from "../operators/session.ts";
import { twilioClient } from "./client.ts";

/** Where Twilio brings texts and calls to the number. */
const wanted = () => ({
  smsUrl: `${publicUrl()}/api/twilio/sms`,
  voiceUrl: `${publicUrl()}/api/twilio/voice`,
});

/** The sending number, and whether what comes to it comes here. */
export const numberRoutes = new Hono<OperatorVariables>()
  .get("/", async (c) => {
    const number = await find();
    const { smsUrl, voiceUrl } = wanted();
    return c.json({
      number: environment().TWILIO_PHONE_NUMBER,
      connected: number?.smsUrl === smsUrl && number.voiceUrl === voiceUrl,
      leadsTo: number ? { smsUrl: number.smsUrl, voiceUrl: number.voiceUrl } : null,
    });
  })
  .post("/connect", async (c) => {
    const number = await find();
    if (!number)
      throw refused(`The account has no number ${environment().TWILIO_PHONE_NUMBER}`, undefined, 409);
    const client = await twilioClient();
    await client
      .incomingPhoneNumbers(number.sid)
      .update({ ...wanted(), smsMethod: "POST", voiceMethod: "POST" });
    await audit(database(), c.get("operator"), "number.connect", environment().TWILIO_PHONE_NUMBER, wanted());
    return c.json({ connected: true });
  });

async function find() {
  const client = await twilioClient();
  const [number] = await client.incomingPhoneNumbers.list({
    phoneNumber: environment().TWILIO_PHONE_NUMBER,
    limit: 1,
  });
  return number;
}
