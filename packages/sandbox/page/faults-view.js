import { act, ask, own } from "./client.js";
import { button, choice, field, form, list, make, soft } from "./elements.js";

export async function faults() {
  const { faults } = await ask("GET", own("/faults"));
  const { providers } = await ask("GET", own(""));
  const active = faults.filter(({ removedAtMs }) => removedAtMs === undefined);
  const values = {
    latency: "ms",
    clock_skew: "ms",
    rate_limit: "retryAfterSeconds",
    server_error: "status",
  };
  return {
    data: { active, providers },
    build: () => [
      make("h2", {}, "Faults"),
      list(
        active.map(({ id, provider, fault, key, match, probability, times, struck }) => {
          const { type, ...rest } = fault;
          const where = [
            provider,
            key && `key ${key}`,
            match && `“${match}”`,
            probability < 1 && `${probability * 100} %`,
            times && `${times} times`,
          ]
            .filter(Boolean)
            .join(" · ");
          return {
            content: [
              make(
                "h3",
                {},
                `${type} ${Object.values(rest).join(" ")}`,
                soft(`${where} · struck ${struck.length} times`),
              ),
              button("Remove", () => act("DELETE", `/faults/${id}`)),
            ],
          };
        }),
        "Nothing goes wrong.",
      ),
      make("h2", {}, "Let something go wrong"),
      form(
        ({ provider, type, value, match, probability, times }) => {
          const fault = { type, ...(values[type] && value !== "" && { [values[type]]: Number(value) }) };
          act("POST", "/faults", {
            provider,
            fault,
            match: match || undefined,
            probability: Number(probability) / 100,
            times: times ? Number(times) : undefined,
          });
        },
        choice(
          "Provider",
          "provider",
          Object.fromEntries([...providers, "*"].map((name) => [name, name === "*" ? "all" : name])),
        ),
        choice("Fault", "type", {
          ...{
            latency: "answers late (ms)",
            rate_limit: "429 (Retry-After, s)",
            server_error: "server error (status)",
            hang: "never answers",
          },
          ...{
            drop: "breaks off before the answer",
            down: "is down",
            webhook_lost: "loses webhooks",
            webhook_duplicated: "sends webhooks twice",
          },
          ...{ webhook_reordered: "reorders webhooks", clock_skew: "has a wrong clock (ms)" },
        }),
        field("Value", "value", "", { type: "number" }),
        field("Only where", "match", "", { placeholder: "POST /call" }),
        field("Probability %", "probability", "100", { type: "number", min: 0, max: 100 }),
        field("Times", "times", "", { type: "number", min: 1 }),
        make("button", { class: "strong" }, "Add"),
      ),
    ],
  };
}
