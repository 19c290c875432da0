import { expect, test } from "bun:test";
import { planTwins } from "./attach-sandbox.ts";

const variables = {
  twilio: { TWILIO_ACCOUNT_SID: "AC1", TWILIO_AUTH_TOKEN: "t" },
  vapi: { VAPI_API_KEY: "k" },
};

test("a provider with a variable of a person's is left alone, the others get their twins", () => {
  expect(planTwins({ variables }, new Set()).map(([name]) => name)).toEqual(["twilio", "vapi"]);
  expect(planTwins({ variables }, new Set(["TWILIO_AUTH_TOKEN", "OTHER"]))).toEqual([
    ["vapi", { VAPI_API_KEY: "k" }],
  ]);
});
