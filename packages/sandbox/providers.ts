import { anthropic } from "./anthropic/anthropic.ts";
import { mailgun } from "./mailgun/mailgun.ts";
import { openai } from "./openai/openai.ts";
import { pagerduty } from "./pagerduty/pagerduty.ts";
import type { Provider } from "./provider/provider.ts";
import { resend } from "./resend/resend.ts";
import { slack } from "./slack/slack.ts";
import { smtp } from "./smtp/smtp.ts";
import { stripe } from "./stripe/stripe.ts";
import { twilio } from "./twilio/twilio.ts";
import { vapi } from "./vapi/vapi.ts";

/** Every twin there is. */
export const providers: readonly Provider[] = [
  twilio,
  vapi,
  openai,
  anthropic,
  mailgun,
  resend,
  slack,
  pagerduty,
  stripe,
  smtp,
];
