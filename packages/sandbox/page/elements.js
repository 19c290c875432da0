/** Building elements from data, never from markup. */

/** An element: properties, then children; text becomes text. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== undefined && child !== null));
  return element;
}

export const button = (text, onclick, strong) =>
  make("button", { type: "button", onclick, class: strong ? "strong" : undefined }, text);

/** To a page of this machine, in a tab of its own. */
export const link = (text, url) =>
  /^https?:/.test(url) ? make("a", { href: url, target: "_blank", rel: "noopener" }, text) : text;

export function field(label, name, value = "", more = {}) {
  return make("label", {}, label, make("input", { name, value, autocomplete: "off", ...more }));
}

export function choice(label, name, options) {
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
export function form(submit, ...children) {
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

export const clock = (ms) => new Date(ms).toLocaleTimeString();
export const soft = (text) => make("span", { class: "soft" }, text);
export const list = (items, empty) =>
  items.length === 0
    ? make("p", { class: "soft" }, empty)
    : make(
        "ul",
        { class: "cards" },
        items.map((item) => make("li", { class: item.now ? "card now" : "card" }, item.content)),
      );

/** Opens to what is only asked for then. */
export function details(summary, load) {
  const content = make("div");
  return make(
    "details",
    { ontoggle: async (event) => event.target.open && content.replaceChildren(...(await load())) },
    make("summary", {}, ...summary),
    content,
  );
}

export function pre(title, value) {
  let text = value;
  try {
    text = JSON.stringify(typeof value === "string" ? JSON.parse(value) : value, null, 2);
  } catch {
    // Not JSON: as it is.
  }
  return make("div", {}, make("h3", {}, title), make("pre", { tabindex: "0" }, text || "(empty)"));
}
