import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

export interface BrowserScript {
  source: string;
  etag: string;
}

const scriptOf = (source: string): BrowserScript => ({
  source,
  etag: `"${createHash("sha256").update(source).digest("base64url").slice(0, 16)}"`,
});
const read = (path: string) => readFileSync(path, "utf8");
const own = (name: string) => read(join(import.meta.dir, "browser", name));

/** Google's library as a script of its own, which its package keeps beside its modules. */
const webVitals = () =>
  read(join(dirname(Bun.resolveSync("web-vitals", import.meta.dir)), "web-vitals.iife.js")).replace(
    /\/\/# source.*\n?$/,
    "",
  );

/** What pages load: the packages' scripts on Vercel come from there, too, at these paths. */
export const browserScripts: Record<"insights" | "speed-insights", BrowserScript> = {
  insights: scriptOf(own("insights.js")),
  "speed-insights": scriptOf(`${webVitals()}\n${own("speed-insights.js")}`),
};
