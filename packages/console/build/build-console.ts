import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, extname, join, relative } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { syncFolder, writeFileDurably } from "@evenkeel/disk";
import type { ConsoleFile, ConsoleManifest, HomeLayout } from "@evenkeel/model";
import type { BunPlugin } from "bun";
import { ConsoleBuildError } from "../errors.ts";
import { hashOfSources, packageFolder } from "./source-hash.ts";
import { styleSheet } from "./style-sheet.ts";

/** Builds of earlier versions whose files open pages may still ask for. */
const keptBuilds = 3;
const oldAfterMs = 30 * 86_400_000;

const contentTypes: Record<string, string> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

/**
 * Makes the console's pages from their source where that has not been done yet, and names them as those that edges serve. A build that was
 * interrupted leaves a folder under a name of its own, which the next one clears away.
 *
 * @param onBuild it takes about a second from here on
 * @throws ConsoleBuildError
 */
export async function provideConsole(layout: HomeLayout, onBuild: () => void = () => {}): Promise<void> {
  const name = hashOfSources();
  const folder = join(layout.consoleBuilds, name);
  if (!existsSync(join(folder, "manifest.json"))) {
    onBuild();
    const temporary = join(layout.consoleBuilds, `.${name}.${process.pid}`);
    rmSync(temporary, { recursive: true, force: true });
    try {
      await buildConsole(temporary);
      syncFolder(temporary);
      try {
        renameSync(temporary, folder);
      } catch (error) {
        // Somebody else has built the same meanwhile.
        if (!existsSync(join(folder, "manifest.json"))) throw error;
      }
      syncFolder(layout.consoleBuilds);
      removeOldBuilds(layout);
    } finally {
      rmSync(temporary, { recursive: true, force: true });
    }
  }
  const earlier = currentBuilds(layout).filter((build) => build !== name);
  writeFileDurably(layout.console, JSON.stringify({ builds: [name, ...earlier].slice(0, keptBuilds) }));
}

/** Young ones may be those of another platform that shares the folder. */
function removeOldBuilds(layout: HomeLayout): void {
  const needed = new Set(currentBuilds(layout));
  for (const name of readdirSync(layout.consoleBuilds)) {
    const folder = join(layout.consoleBuilds, name);
    if (!needed.has(name) && Date.now() - statSync(folder).mtimeMs > oldAfterMs)
      rmSync(folder, { recursive: true, force: true });
  }
}

function currentBuilds(layout: HomeLayout): string[] {
  try {
    return (JSON.parse(readFileSync(layout.console, "utf8")) as { builds: string[] }).builds;
  } catch {
    return [];
  }
}

/** Pages, scripts and styles into an empty folder, each compressed beside itself; `manifest.json` comes last. */
export async function buildConsole(folder: string): Promise<ConsoleManifest> {
  const [script, theme, style] = await Promise.all([
    bundle("main.tsx"),
    bundle("shell/theme-first.ts"),
    styleSheet(),
  ]);
  const files: Record<string, ConsoleFile> = {};
  const add = (path: string, bytes: Uint8Array) => {
    files[`/${path}`] = writeCompressed(folder, path, bytes);
    return `/${path}`;
  };
  for (const output of [...script, ...theme]) add(output.path, output.bytes);
  const styleBytes = Buffer.from(style);
  const stylePath = add(`assets/style-${Bun.hash(styleBytes).toString(36)}.css`, styleBytes);
  add("favicon.svg", readFileSync(join(packageFolder, "favicon.svg")));
  const page = readFileSync(join(packageFolder, "index.html"), "utf8")
    .replace("{{style}}", stylePath)
    .replace("{{theme}}", `/${theme.find(({ isEntry }) => isEntry)!.path}`)
    .replace("{{script}}", `/${script.find(({ isEntry }) => isEntry)!.path}`);
  add("index.html", Buffer.from(page));
  const manifest: ConsoleManifest = { page: "/index.html", files };
  writeFileDurably(join(folder, "manifest.json"), JSON.stringify(manifest));
  return manifest;
}

interface Output {
  path: string;
  bytes: Uint8Array;
  isEntry: boolean;
}

async function bundle(entry: string): Promise<Output[]> {
  const result = await Bun.build({
    entrypoints: [join(packageFolder, entry)],
    target: "browser",
    format: "esm",
    splitting: true,
    minify: true,
    publicPath: "/",
    naming: { entry: "assets/[name]-[hash].[ext]", chunk: "assets/[name]-[hash].[ext]" },
    define: { "process.env.NODE_ENV": '"production"' },
    jsx: { runtime: "automatic", importSource: "react", development: false },
    plugins: [evaluatedRoutes],
    throw: false,
  } as Parameters<typeof Bun.build>[0]);
  if (!result.success) throw new ConsoleBuildError(result.logs.map(String).join("\n"));
  return Promise.all(
    result.outputs.map(async (output) => ({
      path: relative(".", output.path),
      bytes: new Uint8Array(await output.arrayBuffer()),
      isEntry: output.kind === "entry-point",
    })),
  );
}

/** Pages need method, path and permission of each route, not the schemas of the contract. */
const evaluatedRoutes: BunPlugin = {
  name: "evaluated routes",
  setup(build) {
    build.onLoad({ filter: /[\\/]api[\\/]route-table\.ts$/ }, async () => {
      const { routeTable } = await import("../api/route-table.ts");
      return { contents: `export const routeTable = ${JSON.stringify(routeTable)};`, loader: "js" };
    });
  },
};

function writeCompressed(folder: string, path: string, bytes: Uint8Array): ConsoleFile {
  const target = join(folder, path);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, bytes);
  const encodings: ConsoleFile["encodings"] = {};
  const quality = { [constants.BROTLI_PARAM_QUALITY]: 9 };
  for (const [coding, coded] of [
    ["gzip", gzipSync(bytes, { level: 9 })],
    ["br", brotliCompressSync(bytes, { params: quality })],
  ] as const) {
    writeFileSync(`${target}.${coding}`, coded);
    encodings[coding] = { sizeBytes: coded.length };
  }
  return {
    contentType: contentTypes[extname(path)] ?? "application/octet-stream",
    etag: `"${Bun.hash(bytes).toString(36)}"`,
    sizeBytes: bytes.length,
    encodings,
  };
}
