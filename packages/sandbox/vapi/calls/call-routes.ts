import { silentWav } from "../../audio/silence.ts";
import { type Answer, json } from "../../provider/answer.ts";
import type { Given, TwinRoute } from "../../provider/provider.ts";
import { jsonObjectOf } from "../../provider/twin-request.ts";
import { assistants, e164, phoneNumbers } from "../resources/kinds.ts";
import { listed, resourcesOf } from "../resources/resource.ts";
import { vapiError } from "../vapi-error.ts";
import { listOf, objectOf, textOf } from "./assistant-settings.ts";
import { callsOf, isOver, type Settings, type VapiCall } from "./call.ts";
import { activeCalls, concurrencyLimit, end, type NewCall, placeCall } from "./call-life.ts";
import { renderCall } from "./render-call.ts";

/** https://docs.vapi.ai/api-reference/calls */
export const callRoutes: TwinRoute[] = [
  { method: "POST", path: "/call", answer: create },
  { method: "POST", path: "/call/phone", answer: create },
  { method: "GET", path: "/call", answer: list },
  {
    method: "GET",
    path: "/call/:id",
    answer: withCall(({ account }, call) => json(renderCall(account, call))),
  },
  { method: "PATCH", path: "/call/:id", answer: withCall(rename) },
  { method: "DELETE", path: "/call/:id", answer: withCall(remove) },
  { method: "GET", path: "/call/:id/mono-recording", answer: withCall(recording) },
  { method: "GET", path: "/call/:id/stereo-recording", answer: withCall(recording) },
  // Of storage.vapi.ai: recordings by address alone.
  { method: "GET", path: "/:org/:id-mono.wav", answer: withCall(recording) },
  { method: "GET", path: "/:org/:id-stereo.wav", answer: withCall(recording) },
];

function withCall(answer: (given: Given, call: VapiCall) => Answer): TwinRoute["answer"] {
  return (given) => {
    const call = callsOf(given.account).get(given.params["id"]!);
    return call ? answer(given, call) : vapiError(404, `Couldn't Find Call for ID: ${given.params["id"]}`);
  };
}

function create({ account, request }: Given): Answer {
  const body = jsonObjectOf(request);
  if (!body) return vapiError(400, "The request's body is not JSON");
  const problem = problemOf(body) ?? missing(account, body);
  if (problem !== undefined) return problem;
  const customers = body["customers"] === undefined ? [body["customer"]] : listOf(body["customers"]);
  const limit = concurrencyLimit(account);
  const limits = (blocked: boolean, remaining: number) => ({
    concurrencyBlocked: blocked,
    concurrencyLimit: limit,
    remainingConcurrentCalls: Math.max(0, remaining),
  });
  if (body["customers"] === undefined) {
    const remaining = limit - activeCalls(account);
    const { call, blocked } = placeCall(account, wishOf(body, customers[0] as VapiCall["customer"]));
    return json({ subscriptionLimits: limits(blocked, remaining), ...renderCall(account, call) }, 201);
  }
  const results = customers.map((customer) =>
    placeCall(account, wishOf(body, customer as VapiCall["customer"])),
  );
  const anyBlocked = results.some(({ blocked }) => blocked);
  return json(
    {
      subscriptionLimits: limits(anyBlocked, limit - activeCalls(account)),
      results: results.filter(({ blocked }) => !blocked).map(({ call }) => renderCall(account, call)),
      errors: results
        .filter(({ blocked }) => blocked)
        .map(({ call }) => ({ customer: call.customer, error: "Over Concurrency Limit." })),
    },
    201,
  );
}

function problemOf(body: Settings): Answer | undefined {
  const problems: string[] = [];
  if (!textOf(body["assistantId"]) && !objectOf(body["assistant"])) {
    return vapiError(
      400,
      "Need Either `assistantId`, `assistant`, `squadId`, `squad`, `workflowId` Or `workflow`.",
    );
  }
  if (!textOf(body["phoneNumberId"])) return vapiError(400, "Need Either `phoneNumberId` Or `phoneNumber`.");
  const customers = body["customers"] === undefined ? [body["customer"]] : (body["customers"] as unknown[]);
  if (!Array.isArray(customers) || customers.length === 0) problems.push("customers must be an array");
  else {
    for (const customer of customers) {
      if (e164.test(String(objectOf(customer)?.["number"] ?? ""))) continue;
      problems.push(
        "customer.number must be a valid phone number in the E.164 format. Hot tip, you may be missing the country code (Eg. US: +1).",
      );
    }
  }
  return problems.length > 0 ? vapiError(400, [...new Set(problems)]) : undefined;
}

function missing(account: Given["account"], body: Settings): Answer | undefined {
  const assistantId = textOf(body["assistantId"]);
  if (assistantId !== undefined && !resourcesOf(account, assistants).get(assistantId)) {
    return vapiError(400, `Couldn't Find Assistant for ID: ${assistantId}`);
  }
  const phoneNumberId = textOf(body["phoneNumberId"])!;
  if (resourcesOf(account, phoneNumbers).get(phoneNumberId)) return undefined;
  return vapiError(400, `Couldn't Find Phone Number for ID: ${phoneNumberId}`);
}

function wishOf(body: Settings, customer: VapiCall["customer"]): NewCall {
  const wish: NewCall = { type: "outboundPhoneCall", customer };
  for (const name of ["assistantId", "phoneNumberId", "name"] as const) {
    const value = textOf(body[name]);
    if (value !== undefined) wish[name] = value;
  }
  for (const name of ["assistant", "assistantOverrides", "metadata", "schedulePlan"] as const) {
    const value = objectOf(body[name]);
    if (value) wish[name] = value;
  }
  return wish;
}

function list(given: Given): Answer {
  const { query } = given.request;
  const calls = callsOf(given.account)
    .newestFirst()
    .filter((call) =>
      (["id", "assistantId", "phoneNumberId"] as const).every(
        (name) => query.get(name) === null || call[name] === query.get(name),
      ),
    )
    .map((call) => ({
      call,
      createdAt: new Date(call.createdAtMs).toISOString(),
      updatedAt: new Date(call.updatedAtMs).toISOString(),
    }));
  return json(listed(calls, given).map(({ call }) => renderCall(given.account, call)));
}

function rename({ account, request }: Given, call: VapiCall): Answer {
  const name = textOf(jsonObjectOf(request)?.["name"]);
  if (name !== undefined) call.name = name;
  call.updatedAtMs = account.providerTimeMs("vapi");
  return json(renderCall(account, callsOf(account).put(call.id, call)));
}

function remove({ account }: Given, call: VapiCall): Answer {
  const rendered = renderCall(account, call);
  if (!isOver(call)) end(account, call, "call-deleted");
  callsOf(account).delete(call.id);
  return json(rendered);
}

function recording(_: Given, { startedAtMs, endedAtMs }: VapiCall): Answer {
  if (startedAtMs === undefined || endedAtMs === undefined)
    return vapiError(404, "There is no recording of this call");
  return {
    status: 200,
    headers: { "content-type": "audio/wav" },
    bytes: silentWav((endedAtMs - startedAtMs) / 1_000),
  };
}
