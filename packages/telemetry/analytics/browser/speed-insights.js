/**
 * What `@vercel/speed-insights` loads from /_vercel/speed-insights/script.js, behind Google's `web-vitals`. A page's values are sent a moment after
 * it has loaded and when it is hidden, those that have changed since.
 */
(() => {
  const script = document.currentScript;
  const options = script?.dataset ?? {};
  if (options.sampleRate !== undefined && Math.random() >= Number(options.sampleRate)) return;
  let beforeSend;
  const run = (command, listener) => {
    if (command === "beforeSend") beforeSend = listener;
  };
  const queue = window.siq ?? [];
  window.si = run;
  for (const words of queue) run(...words);

  // Loading was the work of the page that was asked for, wherever a framework has gone since.
  const landing = { href: location.href, route: options.route };
  const ofLoading = new Set(["FCP", "LCP", "TTFB"]);
  const unsent = new Map();
  const send = ({ href, route }, metrics) => {
    let event = { type: "vital", url: href, route };
    if (beforeSend) event = beforeSend(event);
    if (!event) return;
    const body = JSON.stringify({
      href: event.url,
      route: event.route,
      speed: navigator.connection?.effectiveType,
      sdkn: options.sdkn,
      sdkv: options.sdkv,
      metrics,
    });
    fetch(options.endpoint || "/_vercel/speed-insights/vitals", {
      method: "POST",
      keepalive: true,
      credentials: "omit",
      headers: { "content-type": "application/json" },
      body,
    }).catch(() => {});
  };
  const flush = () => {
    const pages = new Map();
    for (const { page, metric } of unsent.values()) {
      const key = `${page.route} ${page.href}`;
      if (!pages.has(key)) pages.set(key, { page, metrics: [] });
      pages.get(key).metrics.push(metric);
    }
    unsent.clear();
    for (const { page, metrics } of pages.values()) send(page, metrics);
  };
  const note = ({ id, name, value }) => {
    landing.route ??= options.route;
    const page = ofLoading.has(name) ? landing : { href: location.href, route: options.route };
    unsent.set(id, { page, metric: { id, name, value } });
    if (document.visibilityState === "hidden") flush();
  };
  const { webVitals } = window;
  for (const listen of ["onCLS", "onFCP", "onINP", "onLCP", "onTTFB"]) webVitals[listen](note);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") flush();
  });
  window.addEventListener("pagehide", flush);
  // Whoever leaves in disorder has told how the page loaded.
  setTimeout(flush, 3_000);
})();
