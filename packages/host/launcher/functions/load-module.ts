import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, extname, join } from "node:path";
import { pathToFileURL } from "node:url";

/**
 * Loads a module as its author meant it: `.mjs`, `.cjs` and `type` of the nearest `package.json` decide; otherwise CommonJS is tried and
 * ES module syntax falls back to `import()`. `require` comes first because it starts about 1 ms faster and yields
 * `module.exports` itself.
 */
export async function loadModule(path: string): Promise<unknown> {
  if (!isEsModule(path)) {
    try {
      return await createRequire(path)(path);
    } catch (error) {
      if (!wasEsModule(error)) throw error;
    }
  }
  return import(pathToFileURL(path).href);
}

/** TypeScript and Babel nest `default`; Vercel looks five deep. */
export function unwrapDefault(loaded: unknown): unknown {
  let value = loaded;
  for (let depth = 0; depth < 5; depth++) {
    const inner = (value as { default?: unknown } | null | undefined)?.default;
    if (!inner) break;
    value = inner;
  }
  return value;
}

function isEsModule(path: string): boolean {
  const extension = extname(path);
  if (extension === ".mjs" || extension === ".mts") return true;
  if (extension === ".cjs" || extension === ".cts") return false;
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const manifest = join(folder, "package.json");
    if (existsSync(manifest)) return readType(manifest) === "module";
    if (folder === dirname(folder)) return false;
  }
}

function readType(manifest: string): unknown {
  try {
    return (JSON.parse(readFileSync(manifest, "utf8")) as { type?: unknown }).type;
  } catch {
    return undefined;
  }
}

/** None of these is thrown after a part of the module has run. */
function wasEsModule(error: unknown): boolean {
  const { code, name, message } = error as { code?: string; name?: string; message?: string };
  if (code === "ERR_REQUIRE_ESM" || code === "ERR_REQUIRE_ASYNC_MODULE") return true;
  return (
    name === "SyntaxError" &&
    /Cannot use import statement|Unexpected token 'export'|Cannot use 'import.meta'|await is only valid/.test(
      message ?? "",
    )
  );
}
