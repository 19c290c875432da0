/**
 * What `@vercel/analytics` loads from /_vercel/insights/script.js. The package puts commands into `window.vaq` and what it was configured with into
 * this script's `data-` attributes. Sets no cookie and stores nothing; `localStorage["va-disable"]` switches it off, as on Vercel.
 */
(() => {
  const script = document.currentScript;
  const options = script?.dataset ?? {};
  const base = options.endpoint || "/_vercel/insights";
  const endpoints = {
    pageview: options.viewEndpoint || `${base}/view`,
    event: options.eventEndpoint || `${base}/event`,
  };
  let beforeSend;
  let lastPath;
  let referrer = document.referrer;

  const isDisabled = () => {
    try {
      return Boolean(localStorage.getItem("va-disable"));
    } catch {
      return false;
    }
  };

  const send = (type, url, more) => {
    let event = { type, url };
    if (beforeSend) event = beforeSend(event);
    if (!event || isDisabled()) return;
    const id = Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) =>
      byte.toString(16).padStart(2, "0"),
    ).join("");
    const body = JSON.stringify({
      id,
      o: event.url,
      ts: Date.now(),
      sdkn: options.sdkn,
      sdkv: options.sdkv,
      ...more,
    });
    fetch(endpoints[type], {
      method: "POST",
      keepalive: true,
      credentials: "omit",
      headers: { "content-type": "application/json" },
      body,
    }).catch(() => {});
  };

  const pageview = ({ route, path } = {}) => {
    const url = new URL(location.href);
    if (path) url.pathname = path;
    // Changes of query and hash are the same page.
    if (url.pathname === lastPath) return;
    lastPath = url.pathname;
    send("pageview", url.href, { r: referrer, dp: route ?? undefined });
    referrer = "";
  };

  const commands = {
    beforeSend: (listener) => {
      beforeSend = listener;
    },
    event: ({ name, data }) => send("event", location.href, { en: name, ed: data }),
    pageview,
  };
  const run = (command, ...rest) => commands[command]?.(...rest);
  const queue = window.vaq ?? [];
  window.va = run;
  for (const words of queue) run(...words);

  if (options.disableAutoTrack === "1" || options.disableAutoTrack === "true") return;
  const { history } = window;
  for (const name of ["pushState", "replaceState"]) {
    const change = history[name];
    history[name] = function (...words) {
      const result = change.apply(this, words);
      pageview();
      return result;
    };
  }
  window.addEventListener("popstate", () => pageview());
  pageview();
})();
