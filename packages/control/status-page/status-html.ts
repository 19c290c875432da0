import { escaped } from "./markup.ts";
import { statusCss } from "./status-css.ts";
import {
  type ComponentState,
  overallOf,
  type StatusComponent,
  type StatusDay,
  type StatusIncident,
  type StatusMaintenance,
  type StatusModel,
} from "./status-model.ts";

const stateWords: Record<ComponentState, string> = {
  operational: "Operational",
  degraded_performance: "Degraded",
  partial_outage: "Partial outage",
  major_outage: "Outage",
  under_maintenance: "Maintenance",
};

/** Edges put a notice there when the file has not been written anew for long. */
export const stalePlace = "<!--stale-->";

/** The page of an app, or the joint one. Without script, and without anything of another host. Pure. */
export function statusHtml(model: StatusModel): string {
  const { components, incidents, maintenances, title } = model;
  const overall = overallOf(model);
  const active = incidents.filter(({ phase }) => phase !== "resolved");
  const past = incidents.filter(({ phase }) => phase === "resolved");
  const coming = maintenances.filter(({ state }) => state !== "completed");
  return frame(
    model,
    `${title}: ${overall.text}`,
    `<header>
<h1>${escaped(title)}</h1>
<p class="overall ${overall.indicator}"><span class="dot" aria-hidden="true"></span>${escaped(overall.text)}</p>
${stalePlace}
</header>
${active.length > 0 ? `<section aria-labelledby="now"><h2 id="now">Happening now</h2>\n${active.map((each) => incidentArticle(each, model)).join("\n")}\n</section>` : ""}
${coming.length > 0 ? `<section aria-labelledby="plan"><h2 id="plan">Scheduled maintenance</h2>\n${coming.map(maintenanceArticle).join("\n")}\n</section>` : ""}
<section aria-labelledby="parts"><h2 id="parts">Components</h2>
${componentList(components)}
</section>
<section aria-labelledby="past"><h2 id="past">Past incidents</h2>
${past.length > 0 ? past.map((each) => incidentArticle(each, model)).join("\n") : `<p class="quiet">None in the last two weeks.</p>`}
</section>
${subscribe(model)}`,
  );
}

/** Of one incident. Pure. */
export function incidentHtml(model: StatusModel, incident: StatusIncident): string {
  return frame(
    model,
    `${incident.title} – ${model.title}`,
    `<header><p><a href="${escaped(path(model))}">← ${escaped(model.title)}</a></p><h1>Incident ${incident.id}</h1>
${stalePlace}</header>
${incidentArticle(incident, model)}`,
  );
}

/** A page with a word and, where something is to be done, a button. Pure. */
export function messageHtml(title: string, text: string, form?: { action: string; button: string }): string {
  const button = form
    ? `<form method="post" action="${escaped(form.action)}"><button>${escaped(form.button)}</button></form>`
    : "";
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title><style>${statusCss}</style></head>
<body><main><header><h1>${escaped(title)}</h1></header><section><p>${escaped(text)}</p>${button}</section></main></body></html>
`;
}

const path = ({ app }: StatusModel): string => (app === undefined ? "/" : `/${app}/`);

function frame(model: StatusModel, title: string, content: string): string {
  const base = path(model);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(title)}</title>
<link rel="icon" href="data:,">
<link rel="alternate" type="application/atom+xml" title="Incidents" href="${base}history.atom">
<link rel="alternate" type="application/rss+xml" title="Incidents" href="${base}history.rss">
<style>${statusCss}</style>
</head>
<body>
<main>
${content}
<footer>
<p>As of ${timeTag(model.asOfMs)}</p>
<nav aria-label="Formats"><a href="${base}history.atom">Atom</a> <a href="${base}history.rss">RSS</a> <a href="${base}api/v2/summary.json">JSON</a></nav>
</footer>
</main>
</body>
</html>
`;
}

function componentList(components: StatusComponent[]): string {
  if (components.length === 0) return `<p class="quiet">No app has its status here yet.</p>`;
  const groups = new Map<string | undefined, StatusComponent[]>();
  for (const each of components) groups.set(each.group, [...(groups.get(each.group) ?? []), each]);
  return [...groups]
    .map(([group, members]) => {
      const head =
        group === undefined ? "" : `<h3><a href="/${escaped(group)}/">${escaped(group)}</a></h3>\n`;
      return `${head}<ul class="components">\n${members.map(componentItem).join("\n")}\n</ul>`;
    })
    .join("\n");
}

function componentItem({ name, state, days }: StatusComponent): string {
  const known = days.filter(({ up }) => up !== undefined);
  const uptime = known.length === 0 ? undefined : known.reduce((sum, { up }) => sum + up!, 0) / known.length;
  const words = uptime === undefined ? "nothing measured yet" : `${percent(uptime)} uptime`;
  return `<li>
<div class="row"><span class="name">${escaped(name)}</span><span class="state ${state}"><span class="dot" aria-hidden="true"></span>${stateWords[state]}</span></div>
<svg class="bars" viewBox="0 0 ${days.length * 4 - 1} 30" preserveAspectRatio="none" role="img" aria-label="${escaped(name)}, last ${days.length} days: ${words}">
${days.map(bar).join("")}
</svg>
<div class="row scale" aria-hidden="true"><span>${days.length} days ago</span><span>${words}</span><span>Today</span></div>
</li>`;
}

function bar({ date, up }: StatusDay, index: number): string {
  const kind =
    up === undefined ? "none" : up >= 0.9995 ? "good" : up >= 0.99 ? "fair" : up >= 0.95 ? "poor" : "bad";
  const words = up === undefined ? "nothing measured" : `${percent(up)} up`;
  return `<rect class="${kind}" x="${index * 4}" width="3" height="30" rx="1"><title>${date}: ${words}</title></rect>`;
}

function incidentArticle(incident: StatusIncident, model: StatusModel): string {
  const { id, title, impact, updates, app } = incident;
  const whose = model.app === undefined ? `<span class="quiet">${escaped(app)}</span> ` : "";
  return `<article class="incident ${impact}">
<h3>${whose}<a href="/${escaped(app)}/incidents/${id}">${escaped(title)}</a></h3>
<ol class="updates">
${updates
  .map(
    ({ phase, text, atMs }) =>
      `<li><p><strong>${escaped(phase.charAt(0).toUpperCase() + phase.slice(1))}</strong> – ${escaped(text).replaceAll("\n\n", "</p><p>")}</p><p class="quiet">${timeTag(atMs)}</p></li>`,
  )
  .join("\n")}
</ol>
</article>`;
}

const maintenanceArticle = ({ title, text, startsAtMs, endsAtMs, state }: StatusMaintenance): string =>
  `<article class="incident maintenance">
<h3>${escaped(title)}${state === "in_progress" ? " (under way)" : ""}</h3>
<p>${escaped(text)}</p><p class="quiet">${timeTag(startsAtMs)} to ${timeTag(endsAtMs)}</p>
</article>`;

const subscribe = ({ app }: StatusModel): string =>
  `<section aria-labelledby="follow"><h2 id="follow">Follow</h2>
<form method="post" action="/subscriptions" class="follow">
${app === undefined ? "" : `<input type="hidden" name="app" value="${escaped(app)}">`}
<label for="email">E-mail address</label>
<div class="field"><input id="email" name="email" type="email" required autocomplete="email" maxlength="254" placeholder="you@example.com"><button>Tell me of incidents</button></div>
<p class="quiet">You get a mail to confirm it, and can leave by a link in each.</p>
</form>
<details><summary>By webhook</summary>
<form method="post" action="/subscriptions" class="follow">
${app === undefined ? "" : `<input type="hidden" name="app" value="${escaped(app)}">`}
<label for="webhook">Address that takes Standard Webhooks</label>
<div class="field"><input id="webhook" name="webhook" type="url" required maxlength="2000" placeholder="https://example.com/hook"><button>Send incidents there</button></div>
</form></details>
</section>`;

const timeTag = (ms: number): string => {
  const text = new Date(ms).toISOString();
  return `<time datetime="${text}">${text.slice(0, 10)} ${text.slice(11, 16)} UTC</time>`;
};

const percent = (share: number): string =>
  `${share === 1 ? "100" : (Math.floor(share * 10_000) / 100).toFixed(2)} %`;
