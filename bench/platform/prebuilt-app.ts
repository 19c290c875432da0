import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

export interface PrebuiltApp {
  /** By path: `index.html`. */
  files?: Record<string, string>;
  /** CommonJS source by path: `api/hello`. */
  functions?: Record<string, string>;
  crons?: { path: string; schedule: string }[];
}

/** Writes what `vercel build` leaves of an app: `.vercel/output` with files and functions of one file each (Build Output API v3). */
export function writePrebuiltApp(
  folder: string,
  { files = {}, functions = {}, crons = [] }: PrebuiltApp,
): void {
  const output = join(folder, ".vercel/output");
  const write = (path: string, content: string) => {
    mkdirSync(dirname(join(output, path)), { recursive: true });
    writeFileSync(join(output, path), content);
  };
  write("config.json", JSON.stringify({ version: 3, routes: [{ handle: "filesystem" }], crons }));
  for (const [path, content] of Object.entries(files)) write(`static/${path}`, content);
  for (const [path, source] of Object.entries(functions)) {
    write(`functions/${path}.func/index.js`, source);
    write(`functions/${path}.func/.vc-config.json`, JSON.stringify(functionConfig));
  }
}

/** As Vercel's builder of Node functions writes it. */
const functionConfig = {
  runtime: "nodejs24.x",
  handler: "index.js",
  launcherType: "Nodejs",
  shouldAddHelpers: true,
  supportsResponseStreaming: true,
};
