import { InvalidValueError } from "@evenkeel/model";
import { type Phone, phonesOf } from "../phones/phone.ts";
import type { PhoneAction, PhoneService } from "../phones/phone-service.ts";
import { json } from "../provider/answer.ts";
import { withAccount } from "./account-routes.ts";
import type { AdminParts, AdminRoute } from "./admin-route.ts";

const shown = 200;
const e164 = /^\+[1-9]\d{4,14}$/;

/** The phones of people outside: their settings, and what they do. */
export function phoneRoutes(parts: AdminParts): AdminRoute[] {
  const one = "/accounts/:app/:environment";
  const services = () =>
    [...parts.providers.values()].flatMap(({ name, phones }) => (phones ? [{ name, phones }] : []));
  const serviceOf = (name: unknown): PhoneService => {
    const found = services().find((service) => service.name === name);
    if (found) return found.phones;
    throw new InvalidValueError(`${JSON.stringify(name)} is no provider with phones`, {
      hint: `Use one of: ${services()
        .map((service) => service.name)
        .join(", ")}.`,
    });
  };
  const collect = <Item extends { startedAtMs?: number; atMs?: number }>(
    list: (service: PhoneService) => Item[] | undefined,
  ) =>
    services()
      .flatMap(({ name, phones }) => (list(phones) ?? []).map((item) => ({ provider: name, ...item })))
      .sort((one, other) => timeOf(other) - timeOf(one))
      .slice(0, shown);
  return [
    {
      method: "GET",
      path: `${one}/phones`,
      answer: withAccount(parts, (account) =>
        json({
          phones: phonesOf(account).newestFirst(),
          numbers: services().flatMap(({ name, phones }) =>
            phones
              .numbers(account)
              .map((number) => ({ provider: name, number, texts: phones.text !== undefined })),
          ),
          calls: collect((service) => service.calls(account)),
          texts: collect((service) => service.texts?.(account)),
        }),
      ),
    },
    {
      method: "PUT",
      path: `${one}/phones/:number`,
      answer: withAccount(parts, (account, { params, body }) => {
        const phone = readPhone(params["number"]!, body);
        return json(phonesOf(account).put(phone.number, phone));
      }),
    },
    {
      method: "DELETE",
      path: `${one}/phones/:number`,
      answer: withAccount(parts, (account, { params }) => {
        phonesOf(account).delete(params["number"]!);
        return json({});
      }),
    },
    {
      method: "POST",
      path: `${one}/calls`,
      answer: withAccount(parts, (account, { body }) => {
        const call = serviceOf(body["provider"]).call?.(account, text(body, "from"), text(body, "to"));
        if (!call) throw new InvalidValueError(`The app has no number ${text(body, "to")}`);
        return json(call);
      }),
    },
    {
      method: "POST",
      path: `${one}/calls/:id/act`,
      answer: withAccount(parts, (account, { params, body }) => {
        const done = serviceOf(body["provider"]).act(account, params["id"]!, readAction(body));
        if (!done) throw new InvalidValueError("The call cannot take that now");
        return json({});
      }),
    },
    {
      method: "POST",
      path: `${one}/texts`,
      answer: withAccount(parts, (account, { body }) => {
        const [from, to] = [text(body, "from"), text(body, "to")];
        const sent = serviceOf(body["provider"]).text?.(account, from, to, text(body, "text"));
        if (!sent)
          throw new InvalidValueError(`Nobody at ${from} can text ${to}`, {
            hint: "Use numbers like +14155550123.",
          });
        return json(sent);
      }),
    },
  ];
}

const timeOf = ({ startedAtMs, atMs }: { startedAtMs?: number; atMs?: number }): number =>
  startedAtMs ?? atMs ?? 0;

function text(body: Record<string, unknown>, name: string): string {
  const value = body[name];
  if (typeof value !== "string" || value === "" || value.length > 1_600) {
    throw new InvalidValueError(`"${name}" is a text of 1 to 1600 characters`);
  }
  return value;
}

function readAction(body: Record<string, unknown>): PhoneAction {
  const type = body["type"];
  switch (type) {
    case "answer":
    case "decline":
    case "hang_up":
      return { type };
    case "say":
      return { type, text: text(body, "text") };
    case "press": {
      const keys = text(body, "keys");
      if (/^[0-9*#]+$/.test(keys)) return { type, keys };
      throw new InvalidValueError("Keys are 0 to 9, * and #");
    }
    default:
      throw new InvalidValueError(`A phone cannot ${JSON.stringify(type)}`, {
        hint: "Use one of: answer, decline, press, say, hang_up.",
      });
  }
}

function readPhone(number: string, body: Record<string, unknown>): Phone {
  if (!e164.test(number))
    throw new InvalidValueError(`${number} is no phone number`, { hint: "Use one like +14155550123." });
  const phone: Phone = { number, holder: body["holder"] === "person" ? "person" : "persona" };
  const { pickup, ringMs, says, presses, texts } = body;
  if (pickup === "answers" || pickup === "voicemail" || pickup === "busy" || pickup === "no_answer")
    phone.pickup = pickup;
  else if (pickup !== undefined)
    throw new InvalidValueError("pickup is answers, voicemail, busy or no_answer");
  if (typeof ringMs === "number" && ringMs >= 0 && ringMs <= 600_000) phone.ringMs = ringMs;
  if (isTexts(says)) phone.says = says;
  if (isTexts(presses)) phone.presses = presses;
  if (texts === "delivered" || texts === "undelivered") phone.texts = texts;
  return phone;
}

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) &&
  value.length <= 100 &&
  value.every((each) => typeof each === "string" && each.length <= 1_600);
