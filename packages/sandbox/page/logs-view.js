import { act, ask, own } from "./client.js";
import { button, clock, details, list, make, pre, soft } from "./elements.js";

export async function requests() {
  const { requests } = await ask("GET", own("/requests?limit=100"));
  const entry = ({ id, provider, method, path, status, atMs, durationMs, faults }) => ({
    content: details(
      [
        make("strong", { class: status >= 400 || status === 0 ? "bad" : "good" }, status || "no answer"),
        ` ${method} ${path} `,
        soft([provider, clock(atMs), `${durationMs} ms`, ...faults].join(" · ")),
      ],
      async () => {
        const { headers, body, answer } = await ask("GET", own(`/requests/${id}`));
        return [pre("Headers", headers), pre("Body", body), pre("Answer", answer)];
      },
    ),
  });
  return {
    data: requests,
    build: () => [make("h2", {}, "Requests of the app"), list(requests.map(entry), "No requests yet.")],
  };
}

export async function webhooks() {
  const { webhooks } = await ask("GET", own("/webhooks?limit=100"));
  const entry = ({ id, provider, kind, url, method, state, status, message, sentAtMs, attempts }) => ({
    content: [
      details(
        [
          make("strong", { class: state === "answered" && status < 400 ? "good" : "bad" }, status ?? state),
          ` ${kind} `,
          soft(
            [
              provider,
              `${method} ${url}`,
              clock(sentAtMs),
              attempts > 1 ? `${attempts} times` : undefined,
              message,
            ]
              .filter(Boolean)
              .join(" · "),
          ),
        ],
        async () => {
          const { body, attempts: sent } = await ask("GET", own(`/webhooks/${id}`));
          return [
            pre("Body", body),
            ...sent.map(({ why, headers, result }) =>
              pre(`${why}: ${result.status ?? result.failure}`, {
                headers,
                answer: result.body || result.message || "",
              }),
            ),
          ];
        },
      ),
      button("Send again", () => act("POST", `/webhooks/${id}/resend`)),
    ],
  });
  return {
    data: webhooks,
    build: () => [make("h2", {}, "Webhooks to the app"), list(webhooks.map(entry), "No webhooks yet.")],
  };
}
