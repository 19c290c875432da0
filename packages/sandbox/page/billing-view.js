import { act, ask, own } from "./client.js";
import { button, choice, clock, field, form, link, list, make, soft } from "./elements.js";

/** What people are asked to pay, at pages of their own, and where webhooks go. */
export async function billing() {
  const [{ billing: all }, { endpoints, providers }] = await Promise.all(
    ["/billing", "/endpoints"].map((path) => ask("GET", own(path))),
  );
  return {
    data: { all, endpoints },
    build: () => [
      ...all.flatMap(parts),
      make("h2", {}, "Webhooks go to"),
      list(
        endpoints.map(({ provider, id, url, events }) => ({
          content: [
            make(
              "h3",
              {},
              url,
              soft(`${provider} · ${events.includes("*") ? "all events" : events.join(", ")}`),
            ),
            button("Remove", () => act("DELETE", `/endpoints/${encodeURIComponent(id)}`)),
          ],
        })),
        "Nobody has said where webhooks go. An app may also register an address itself.",
      ),
      form(
        ({ provider, url }) => act("POST", "/endpoints", { provider, url }),
        choice("Provider", "provider", Object.fromEntries(providers.map((name) => [name, name]))),
        field("Address of the app", "url", "", {
          type: "url",
          placeholder: "http://shop.localhost:7080/api/webhooks",
          required: true,
        }),
        make("button", { class: "strong" }, "Send webhooks there"),
      ),
    ],
  };
}

const parts = ({ checkouts, subscriptions, invoices, portals }) => [
  make("h2", {}, "Checkouts"),
  list(
    checkouts.map(({ id, status, mode, amount, email, url, atMs }) => ({
      now: status === "open",
      content: [
        make(
          "h3",
          {},
          amount || "Save a card",
          soft([status, mode, email, clock(atMs)].filter(Boolean).join(" · ")),
        ),
        url && make("p", {}, link("Open the page to pay", url)),
        url && button("Pay with 4242", () => act("POST", `/checkouts/${encodeURIComponent(id)}/pay`, {})),
      ].filter(Boolean),
    })),
    "Nobody was asked to pay yet.",
  ),
  make("h2", {}, "Subscriptions"),
  list(
    subscriptions.map(({ what, status, email, endsAtMs, endsThen }) => ({
      content: make(
        "h3",
        {},
        what,
        soft(
          `${status} · ${email ?? "no email"} · ${endsThen ? "ends" : "renews"} ${new Date(endsAtMs).toLocaleDateString()}`,
        ),
      ),
    })),
    "Nobody subscribes yet.",
  ),
  make("h2", {}, "Invoices"),
  list(
    invoices.map(({ number, status, amount, email, url, atMs }) => ({
      content: make(
        "h3",
        {},
        url ? link(number ?? amount, url) : (number ?? "Draft"),
        soft(` ${amount} · ${status} · ${email ?? "no email"} · ${clock(atMs)}`),
      ),
    })),
    "No invoices yet.",
  ),
  ...(portals.length > 0
    ? [
        make("h2", {}, "Customer portals"),
        list(
          portals.map(({ email, url, atMs }) => ({
            content: make("h3", {}, link(email ?? "A customer", url), soft(` ${clock(atMs)}`)),
          })),
          "",
        ),
      ]
    : []),
];
