import type { Account } from "../../accounts/account.ts";
import { givenNumber, givenPhoneNumberId, orgId } from "../credentials.ts";
import type { ResourceKind } from "./resource.ts";

export const e164 = /^\+[1-9]\d{4,14}$/;

/** https://docs.vapi.ai/api-reference/assistants/create */
export const assistants: ResourceKind = {
  path: "assistant",
  title: "Assistant",
  check: (body) =>
    typeof body["name"] === "string" && body["name"].length > 40
      ? ["name must be shorter than or equal to 40 characters"]
      : [],
};

/** https://docs.vapi.ai/api-reference/phone-numbers/create. An account begins with one. */
export const phoneNumbers: ResourceKind = {
  path: "phone-number",
  title: "Phone Number",
  given: (account) => [
    {
      ...{
        id: givenPhoneNumberId(account),
        orgId: orgId(account),
        provider: "vapi",
        number: givenNumber(account),
      },
      ...{ name: "Sandbox", status: "active", createdAt: opened(account), updatedAt: opened(account) },
    },
  ],
  check(body) {
    const providers = ["byo-phone-number", "twilio", "vonage", "vapi", "telnyx"];
    const problems: string[] = [];
    if (!providers.includes(String(body["provider"])))
      problems.push(`provider must be one of the following values: ${providers.join(", ")}`);
    if (body["number"] !== undefined && !e164.test(String(body["number"])))
      problems.push("number must be a valid phone number in the E.164 format");
    return problems;
  },
  complete: (body, account) => ({ number: body["number"] ?? givenNumber(account), status: "active" }),
};

/** https://docs.vapi.ai/api-reference/tools/create */
export const tools: ResourceKind = {
  path: "tool",
  title: "Tool",
  check: (body) => (typeof body["type"] === "string" ? [] : ["type must be a string"]),
};

/** Custom credentials, which servers name by `credentialId`: https://docs.vapi.ai/server-url/server-authentication */
export const credentials: ResourceKind = {
  path: "credential",
  title: "Credential",
  check: (body) => (typeof body["provider"] === "string" ? [] : ["provider must be a string"]),
};

const opened = (account: Account): string => new Date(account.record.timeMs).toISOString();
