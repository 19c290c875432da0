import type { HeaderPairs } from "../http/exchange.ts";

/** An answer of the platform itself, where an app has none of its own. */
export interface PlatformPage {
  status: number;
  /** As Vercel's error pages name it: `NOT_FOUND`. */
  code: string;
  title: string;
  message: string;
  /** What to do. */
  hint?: string;
  /** `x-vercel-id` of the request, for finding it in the log. */
  requestId: string;
}

/** The page as HTML for browsers, as JSON for everybody else. */
export function renderPlatformPage(
  page: PlatformPage,
  accept: string | undefined,
): { headers: HeaderPairs; body: string } {
  const html = /\btext\/html\b/.test(accept ?? "");
  return {
    headers: [
      ["content-type", html ? "text/html; charset=utf-8" : "application/json"],
      ["cache-control", "no-store"],
      ["x-vercel-error", page.code],
      ...(html
        ? [["content-security-policy", "default-src 'none'; style-src 'unsafe-inline'"] as const]
        : []),
    ],
    body: html ? renderHtml(page) : renderJson(page),
  };
}

function renderJson({ code, message, hint, requestId }: PlatformPage): string {
  return `${JSON.stringify({ error: { code, message, ...(hint !== undefined && { hint }), requestId } })}\n`;
}

function renderHtml({ status, code, title, message, hint, requestId }: PlatformPage): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${status}: ${escapeHtml(title)}</title>
<style>
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { display: grid; place-content: center; min-height: 90vh; margin: 0; padding: 1rem }
main { max-width: 40rem }
h1 { font-size: 1.25rem; margin: 0 0 .5rem }
p { margin: .5rem 0; overflow-wrap: anywhere }
small, code { font-family: ui-monospace, monospace; opacity: .75 }
</style>
<main>
<h1>${status}: ${escapeHtml(title)}</h1>
<p>${escapeHtml(message)}</p>
${hint === undefined ? "" : `<p>${escapeHtml(hint)}</p>\n`}<p><small>${escapeHtml(code)} · ${escapeHtml(requestId)}</small></p>
</main>
</html>
`;
}

const entities: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => entities[character]!);
