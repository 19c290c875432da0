/** The sandbox's page: looks once a second, and builds elements from data, never from markup. */

const pollMs = 1_000;
const storage = { token: "evenkeel-sandbox-token", account: "evenkeel-sandbox-account" };
const views = {
  phones: "Phones",
  inbox: "Inbox",
  requests: "Requests",
  webhooks: "Webhooks",
  faults: "Faults",
};
const at = (id) => document.getElementById(id);

/** The link of `evenkeel sandbox open` carries the token where no server sees it. */
function takeToken() {
  if (location.hash.length < 2) return false;
  sessionStorage.setItem(storage.token, location.hash.slice(1));
  history.replaceState(null, "", location.pathname);
  return true;
}

takeToken();
// The link was opened once more in the same tab.
addEventListener("hashchange", () => takeToken() && location.reload());

let view = "phones";
let account = sessionStorage.getItem(storage.account) ?? "";
let shown = "";

/** An element: properties, then children; text becomes text. */
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== undefined && child !== null));
  return element;
}

async function ask(method, path, body) {
  const response = await fetch(`/_sandbox${path}`, {
    method,
    headers: { authorization: `Bearer ${sessionStorage.getItem(storage.token) ?? ""}` },
    body: body && JSON.stringify(body),
  });
  const answer = await response.json();
  if (response.status === 401) askForToken();
  if (!response.ok) throw new Error([answer.error?.message, answer.error?.hint].filter(Boolean).join(". "));
  return answer;
}

const own = (path) => `/accounts/${account}${path}`;

/** Does something, says what went wrong, and shows what it changed. */
async function act(method, path, body) {
  try {
    at("notice").textContent = "";
    await ask(method, own(path), body);
  } catch (error) {
    at("notice").textContent = error.message;
  }
  await look();
}

const button = (text, onclick, strong) =>
  make("button", { type: "button", onclick, class: strong ? "strong" : undefined }, text);

function field(label, name, value = "", more = {}) {
  return make("label", {}, label, make("input", { name, value, autocomplete: "off", ...more }));
}

function choice(label, name, options) {
  return make(
    "label",
    {},
    label,
    make(
      "select",
      { name },
      Object.entries(options).map(([value, text]) => make("option", { value }, text)),
    ),
  );
}

/** A form whose fields are given to `submit`. */
function form(submit, ...children) {
  return make(
    "form",
    {
      onsubmit: (event) => {
        event.preventDefault();
        submit(Object.fromEntries(new FormData(event.target)), event.target);
      },
    },
    ...children,
  );
}

const clock = (ms) => new Date(ms).toLocaleTimeString();
const soft = (text) => make("span", { class: "soft" }, text);
const list = (items, empty) =>
  items.length === 0
    ? make("p", { class: "soft" }, empty)
    : make(
        "ul",
        { class: "cards" },
        items.map((item) => make("li", { class: item.now ? "card now" : "card" }, item.content)),
      );

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

const renderers = {
  async phones() {
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
  },
  async inbox() {
    const { texts, numbers } = await ask("GET", own("/phones"));
    const texting = numbers.filter((each) => each.texts);
    return {
      data: { texts, texting },
      build: () => [
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
                    (given) =>
                      act("POST", "/texts", { provider, from: number, to: appNumber, text: given.text }),
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
      ],
    };
  },
  async requests() {
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
  },
  async webhooks() {
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
  },
  async faults() {
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
  },
};

/** Opens to what is only asked for then. */
function details(summary, load) {
  const content = make("div");
  return make(
    "details",
    { ontoggle: async (event) => event.target.open && content.replaceChildren(...(await load())) },
    make("summary", {}, ...summary),
    content,
  );
}

function pre(title, value) {
  let text = value;
  try {
    text = JSON.stringify(typeof value === "string" ? JSON.parse(value) : value, null, 2);
  } catch {
    // Not JSON: as it is.
  }
  return make("div", {}, make("h3", {}, title), make("pre", { tabindex: "0" }, text || "(empty)"));
}

/** Nothing is built anew while somebody types or reads there, or where nothing has changed. */
async function render() {
  const { data, build } = await renderers[view]();
  const now = JSON.stringify([view, account, data]);
  const main = at("main");
  const busy =
    main.contains(document.activeElement) &&
    /^(INPUT|SELECT)$/.test(document.activeElement.tagName) &&
    document.activeElement.form;
  const writes =
    busy &&
    [...new FormData(document.activeElement.form).values()].some(
      (value) => value !== "" && value !== document.activeElement.defaultValue,
    );
  const reads = main.querySelector("details[open] pre");
  if (now === shown || (shown.startsWith(JSON.stringify([view, account]).slice(0, -1)) && (writes || reads)))
    return;
  shown = now;
  const focused = busy ? document.activeElement.name : undefined;
  main.replaceChildren(...build());
  if (focused) main.querySelector(`[name="${focused}"]`)?.focus();
}

async function look() {
  try {
    const { accounts } = await ask("GET", "/accounts");
    showAccounts(accounts);
    if (account) await render();
    else
      at("main").replaceChildren(
        make(
          "p",
          {},
          "No app has talked to a twin yet. Deploy a preview, or run: evenkeel sandbox enable APP",
        ),
      );
  } catch (error) {
    if (sessionStorage.getItem(storage.token)) at("notice").textContent = error.message;
  }
}

function showAccounts(accounts) {
  const names = accounts.map(({ app, environment }) => `${app}/${environment}`);
  if (!names.includes(account)) account = names[0] ?? "";
  const select = at("account");
  if ([...select.options].map(({ value }) => value).join() !== names.join()) {
    select.replaceChildren(...names.map((name) => make("option", { value: name }, name)));
  }
  select.value = account;
  const current = accounts[names.indexOf(account)];
  if (!current) return;
  const speeds = [...new Set([1, 10, 100, 1_000, current.speed])].sort((one, other) => one - other);
  if (at("speed").options.length !== speeds.length)
    at("speed").replaceChildren(...speeds.map((speed) => make("option", { value: speed }, `×${speed}`)));
  if (document.activeElement !== at("speed")) at("speed").value = current.speed;
  const waits = current.pending.waitsForWebhook ? " · waits for the app" : "";
  at("time").textContent = `${new Date(current.time).toLocaleString()}${waits}`;
}

function askForToken() {
  sessionStorage.removeItem(storage.token);
  shown = "";
  at("main").replaceChildren(
    form(
      ({ token }) => {
        sessionStorage.setItem(storage.token, token.trim());
        look();
      },
      make("p", {}, "Run “evenkeel sandbox open” for a link, or give the administrator's token."),
      field("Token", "token", "", { type: "password", required: true }),
      make("button", { class: "strong" }, "Open"),
    ),
  );
}

function showViews() {
  at("views").replaceChildren(
    ...Object.entries(views).map(([name, title]) =>
      make(
        "button",
        { type: "button", "aria-current": name === view ? "page" : undefined, onclick: () => choose(name) },
        title,
      ),
    ),
  );
}

function choose(name) {
  view = name;
  shown = "";
  showViews();
  at("views").querySelector("[aria-current]").focus();
  look();
}

at("account").addEventListener("change", (event) => {
  account = event.target.value;
  sessionStorage.setItem(storage.account, account);
  look();
});
at("speed").addEventListener("change", (event) =>
  act("POST", "/time", { speed: Number(event.target.value) }),
);
showViews();
if (sessionStorage.getItem(storage.token)) look();
else askForToken();
setInterval(() => sessionStorage.getItem(storage.token) && look(), pollMs);
