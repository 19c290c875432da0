/** The sandbox's page: looks once a second, and shows what has changed. */
import { billing } from "./billing-view.js";
import {
  act,
  ask,
  chooseAccount,
  dropToken,
  hasToken,
  notice,
  setToken,
  state,
  takeToken,
} from "./client.js";
import { field, form, make } from "./elements.js";
import { faults } from "./faults-view.js";
import { inbox } from "./inbox-view.js";
import { requests, webhooks } from "./logs-view.js";
import { phones } from "./phones-view.js";

const pollMs = 1_000;
const views = {
  phones: { title: "Phones", show: phones },
  inbox: { title: "Inbox", show: inbox },
  billing: { title: "Payments", show: billing },
  requests: { title: "Requests", show: requests },
  webhooks: { title: "Webhooks", show: webhooks },
  faults: { title: "Faults", show: faults },
};
const at = (id) => document.getElementById(id);

takeToken();
// The link was opened once more in the same tab.
addEventListener("hashchange", () => takeToken() && location.reload());

let view = "phones";
let shown = "";
state.changed = look;
state.refused = askForToken;

/** Nothing is built anew while somebody types or reads there, or where nothing has changed. */
async function render() {
  const { data, build } = await views[view].show();
  const now = JSON.stringify([view, state.account, data]);
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
  if (
    now === shown ||
    (shown.startsWith(JSON.stringify([view, state.account]).slice(0, -1)) && (writes || reads))
  )
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
    if (state.account) await render();
    else
      at("main").replaceChildren(
        make(
          "p",
          {},
          "No app has talked to a twin yet. Deploy a preview, or run: evenkeel sandbox enable APP",
        ),
      );
  } catch (error) {
    if (hasToken()) notice(error.message);
  }
}

function showAccounts(accounts) {
  const names = accounts.map(({ app, environment }) => `${app}/${environment}`);
  if (!names.includes(state.account)) state.account = names[0] ?? "";
  const select = at("account");
  if ([...select.options].map(({ value }) => value).join() !== names.join()) {
    select.replaceChildren(...names.map((name) => make("option", { value: name }, name)));
  }
  select.value = state.account;
  const current = accounts[names.indexOf(state.account)];
  if (!current) return;
  const speeds = [...new Set([1, 10, 100, 1_000, current.speed])].sort((one, other) => one - other);
  if (at("speed").options.length !== speeds.length)
    at("speed").replaceChildren(...speeds.map((speed) => make("option", { value: speed }, `×${speed}`)));
  if (document.activeElement !== at("speed")) at("speed").value = current.speed;
  const waits = current.pending.waitsForWebhook ? " · waits for the app" : "";
  at("time").textContent = `${new Date(current.time).toLocaleString()}${waits}`;
}

function askForToken() {
  dropToken();
  shown = "";
  at("main").replaceChildren(
    form(
      ({ token }) => {
        setToken(token.trim());
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
    ...Object.entries(views).map(([name, { title }]) =>
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
  chooseAccount(event.target.value);
  look();
});
at("speed").addEventListener("change", (event) =>
  act("POST", "/time", { speed: Number(event.target.value) }),
);
showViews();
if (hasToken()) look();
else askForToken();
setInterval(() => hasToken() && look(), pollMs);
