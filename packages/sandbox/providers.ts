import { anthropic } from "./anthropic/anthropic.ts";
import { openai } from "./openai/openai.ts";
import type { Provider } from "./provider/provider.ts";
import { twilio } from "./twilio/twilio.ts";
import { vapi } from "./vapi/vapi.ts";

/** Every twin there is. */
export const providers: readonly Provider[] = [twilio, vapi, openai, anthropic];
