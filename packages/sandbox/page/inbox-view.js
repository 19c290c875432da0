import { act, ask, own } from "./client.js";
import { choice, clock, details, field, form, list, make, pre, soft } from "./elements.js";

/** Mail, messages to Slack and alerts; what no twin here keeps is not shown. */
export async function inbox() {
  const [{ texts, numbers }, { mail }, { messages }, { alerts }] = await Promise.all(
    ["/phones", "/mail", "/slack", "/alerts"].map((path) => ask("GET", own(path))),
  );
  const texting = numbers.filter((each) => each.texts);
  return {
    data: { texts, texting, mail, messages, alerts },
    build: () => [
      ...textsPart(texts, texting),
      make("h2", {}, "Mail"),
      list(mail.map(mailCard), "No mail yet."),
      make("h2", {}, "Slack"),
      list(
        messages.map(({ text, blocks, atMs }) => ({
          content: [make("h3", {}, soft(clock(atMs))), make("p", {}, text || `(${blocks.length} blocks)`)],
        })),
        "No messages yet.",
      ),
      make("h2", {}, "Alerts"),
      list(
        alerts.map(({ summary, status, severity, source }) => ({
          now: status === "triggered",
          content: make("h3", {}, summary, soft(`${severity} · ${status} · ${source}`)),
        })),
        "Nobody was paged.",
      ),
    ],
  };
}

const mailCard = ({ id, provider, from, to, subject, atMs }) => ({
  content: details(
    [
      make("strong", {}, subject || "(no subject)"),
      soft(` ${from} → ${to.join(", ")} · ${provider} · ${clock(atMs)}`),
    ],
    async () => {
      const { text, html } = await ask("GET", own(`/mail/${encodeURIComponent(id)}`));
      return [
        text === undefined ? undefined : pre("Text", text),
        html === undefined ? undefined : pre("HTML", html),
      ].filter(Boolean);
    },
  ),
});

function textsPart(texts, texting) {
  return [
    make("h2", {}, "Texts"),
    list(
      texts.map(({ provider, direction, number, appNumber, text, status, atMs }) => ({
        content: [
          make(
            "h3",
            {},
            direction === "to_person" ? `${appNumber} → ${number}` : `${number} → ${appNumber}`,
            soft(`${provider} · ${status} · ${clock(atMs)}`),
          ),
          make("p", {}, text),
          direction === "to_person"
            ? form(
                (given) => act("POST", "/texts", { provider, from: number, to: appNumber, text: given.text }),
                field("Reply", "text", "", { required: true }),
                make("button", {}, "Reply"),
              )
            : undefined,
        ],
      })),
      "No texts yet.",
    ),
    make("h2", {}, "Text the app"),
    form(
      ({ from, to, text }) =>
        act("POST", "/texts", {
          provider: texting.find(({ number }) => number === to)?.provider,
          from,
          to,
          text,
        }),
      field("From", "from", "+14155550123", { inputmode: "tel", required: true }),
      choice("To", "to", Object.fromEntries(texting.map(({ number }) => [number, number]))),
      field("Text", "text", "", { required: true }),
      make("button", { class: "strong" }, "Send"),
    ),
  ];
}
