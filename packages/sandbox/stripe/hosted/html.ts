import { createHash } from "node:crypto";
import type { Answer } from "../../provider/answer.ts";

/** HTML that is safe to put into other HTML. */
export class Html {
  constructor(readonly text: string) {}
}

type Part = string | number | Html | Html[] | undefined | false;

/** A template whose values are escaped, but for those that are HTML already. */
export function html(pieces: TemplateStringsArray, ...values: Part[]): Html {
  return new Html(
    pieces.map((piece, index) => piece + (index < values.length ? textOf(values[index]) : "")).join(""),
  );
}

function textOf(value: Part): string {
  if (value === undefined || value === false) return "";
  if (value instanceof Html) return value.text;
  if (Array.isArray(value)) return value.map(({ text }) => text).join("");
  return String(value).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const style = `
:root { color-scheme: light dark; --ink: #1a1f36; --soft: #5b6178; --line: #d5d9e6; --paper: #fff; --ground: #f6f7fb; --strong: #4f46e5; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink: #eef0f8; --soft: #a9afc6; --line: #3a3f55; --paper: #1d2030; --ground: #12141f; --strong: #8b85ff; --bad: #ff9a91; } }
* { box-sizing: border-box; }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--ground); }
main { max-width: 30rem; margin: 0 auto; padding: 2rem 1rem 4rem; }
.card { background: var(--paper); border: 1px solid var(--line); border-radius: 12px; padding: 1.5rem; margin-bottom: 1rem; }
h1 { font-size: 1.4rem; margin: 0 0 1rem; } h2 { font-size: 1.05rem; margin: 0 0 .75rem; }
.sandbox { font-size: .85rem; color: var(--soft); border: 1px dashed var(--line); border-radius: 8px; padding: .5rem .75rem; margin-bottom: 1rem; }
.row { display: flex; justify-content: space-between; gap: 1rem; padding: .25rem 0; } .row > :last-child { text-align: right; white-space: nowrap; }
.total { border-top: 1px solid var(--line); margin-top: .5rem; padding-top: .5rem; font-weight: 600; }
label { display: block; font-size: .9rem; color: var(--soft); margin: .75rem 0 0; }
input { width: 100%; font: inherit; padding: .6rem .7rem; border: 1px solid var(--line); border-radius: 8px; background: var(--ground); color: var(--ink); }
.two { display: grid; grid-template-columns: 1fr 1fr; gap: .75rem; }
button { font: inherit; font-weight: 600; width: 100%; margin-top: 1.25rem; padding: .7rem; border-radius: 8px; border: 1px solid var(--line); background: transparent; color: var(--ink); cursor: pointer; }
button.strong { background: var(--strong); border-color: var(--strong); color: #fff; } @media (prefers-color-scheme: dark) { button.strong { color: #12141f; } }
:focus-visible { outline: 3px solid var(--strong); outline-offset: 2px; }
details { margin-top: .75rem; } .bad { color: var(--bad); font-weight: 600; } .soft { color: var(--soft); } a { color: var(--strong); }
form.inline { display: inline; } form.inline button { width: auto; margin: .5rem .5rem 0 0; padding: .35rem .8rem; font-weight: 500; }
`;
const styleHash = createHash("sha256").update(style).digest("base64");

/** A page for the person who pays. It has no scripts. */
export function page(title: string, body: Html, status = 200): Answer {
  const whole = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title>
<style>${new Html(style)}</style>
</head>
<body>
<main>
<p class="sandbox">Sandbox: nothing here moves real money, and real cards are refused.</p>
${body}
</main>
</body>
</html>
`;
  return {
    status,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      // A form's answer leads to the app's own address, which `form-action` would keep a browser from.
      "content-security-policy": `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; frame-ancestors 'none'`,
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
    },
    text: whole.text,
  };
}

export const seeOther = (location: string): Answer => ({
  status: 303,
  headers: { location, "cache-control": "no-store" },
});
