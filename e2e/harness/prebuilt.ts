import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

export interface PrebuiltApp {
  /** Of `config.json`, after `version`; by default files first, then the function `index` for everything. */
  config?: object;
  /** Path below `static/` → content. */
  files?: Record<string, string | Uint8Array>;
  /** Path of the function without `.func` → source of its CommonJS handler `(req, res)`. */
  functions?: Record<string, string>;
  /** Of every `.vc-config.json`, beside runtime and handler. */
  settings?: object;
}

const everythingToIndex = { routes: [{ handle: "filesystem" }, { src: "/.*", dest: "/index" }] };

/** Writes a `.vercel/output` by hand, in place of one that is there: a deployment without a build takes a fraction of a second. */
export function writePrebuilt(folder: string, app: PrebuiltApp): string {
  const output = join(folder, ".vercel/output");
  rmSync(output, { recursive: true, force: true });
  const write = (path: string, content: string | Uint8Array) => {
    mkdirSync(dirname(join(output, path)), { recursive: true });
    writeFileSync(join(output, path), content);
  };
  write("config.json", JSON.stringify({ version: 3, ...(app.config ?? everythingToIndex) }));
  for (const [path, content] of Object.entries(app.files ?? {})) write(`static/${path}`, content);
  for (const [name, source] of Object.entries(app.functions ?? {})) {
    const settings = { runtime: "nodejs24.x", handler: "index.js", launcherType: "Nodejs", ...app.settings };
    write(`functions/${name}.func/.vc-config.json`, JSON.stringify({ shouldAddHelpers: true, ...settings }));
    write(`functions/${name}.func/index.js`, source);
  }
  return folder;
}
