import { act, ask, own } from "./client.js";
import { button, choice, clock, field, form, list, make, soft } from "./elements.js";

function talk(lines) {
  const names = { app: "App", person: "Person", note: "" };
  return make(
    "ol",
    { class: "talk" },
    lines.map(({ who, text }) =>
      make(
        "li",
        { class: who },
        names[who] ? make("span", { class: "soft" }, `${names[who]}: `) : undefined,
        text,
      ),
    ),
  );
}

function callCard(call) {
  const { provider, id, number, appNumber, direction, state, status, asks, lines, outcome, startedAtMs } =
    call;
  const does = (action) => () => act("POST", `/calls/${id}/act`, { provider, ...action });
  const way = direction === "to_person" ? `${appNumber} calls ${number}` : `${number} calls ${appNumber}`;
  const content = [
    make("h3", {}, way, soft(`${provider} · ${outcome ?? status} · ${clock(startedAtMs)}`)),
    talk(lines),
  ];
  if (state === "ringing" && direction === "to_person") {
    content.push(
      make(
        "div",
        { class: "row" },
        button("Answer", does({ type: "answer" }), true),
        button("Decline", does({ type: "decline" })),
      ),
    );
  }
  if (state === "talking") {
    content.push(
      form(
        ({ text }, element) => {
          element.reset();
          act("POST", `/calls/${id}/act`, { provider, type: "say", text });
        },
        field(asks?.includes("speech") ? "Say (the app listens)" : "Say", "text", "", { required: true }),
        make("button", { class: "strong" }, "Say"),
        button("Hang up", does({ type: "hang_up" })),
      ),
      make(
        "details",
        { open: asks?.includes("keys") },
        make("summary", {}, "Keys"),
        make(
          "div",
          { class: "keys" },
          [..."123456789*0#"].map((keys) => button(keys, does({ type: "press", keys }))),
        ),
      ),
    );
  }
  return { now: state === "ringing" || state === "talking", content };
}

export async function phones() {
  const { phones, numbers, calls } = await ask("GET", own("/phones"));
  return {
    data: { phones, numbers, calls },
    build: () => [
      make("h2", {}, "Calls"),
      list(calls.map(callCard), "No calls yet. They ring here as soon as the app places one."),
      make("h2", {}, "Call the app"),
      form(
        ({ from, to }) =>
          act("POST", "/calls", {
            from,
            to,
            provider: numbers.find(({ number }) => number === to)?.provider,
          }),
        field("From", "from", "+14155550123", { inputmode: "tel", required: true }),
        choice(
          "To",
          "to",
          Object.fromEntries(numbers.map(({ provider, number }) => [number, `${number} (${provider})`])),
        ),
        make("button", { class: "strong" }, "Call"),
      ),
      make("h2", {}, "Who answers"),
      make(
        "p",
        { class: "soft" },
        "A number that is not listed is answered by somebody who follows from the seed.",
      ),
      list(
        phones.map((phone) => ({
          content: [
            make(
              "h3",
              {},
              phone.number,
              soft(
                [phone.holder === "person" ? "you answer" : "acts by itself", phone.pickup, phone.texts]
                  .filter(Boolean)
                  .join(" · "),
              ),
            ),
            button("Forget", () => act("DELETE", `/phones/${encodeURIComponent(phone.number)}`)),
          ],
        })),
        "No number is set.",
      ),
      form(
        ({ number, holder, pickup }) =>
          act("PUT", `/phones/${encodeURIComponent(number)}`, { holder, pickup: pickup || undefined }),
        field("Number", "number", "", { inputmode: "tel", placeholder: "+14155550123", required: true }),
        choice("Answered by", "holder", { person: "me, on this page", persona: "itself" }),
        choice("Pickup", "pickup", {
          "": "by seed",
          answers: "answers",
          voicemail: "voicemail",
          busy: "busy",
          no_answer: "nobody",
        }),
        make("button", {}, "Set"),
      ),
    ],
  };
}
