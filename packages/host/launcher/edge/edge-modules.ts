import { readFileSync } from "node:fs";
import module from "node:module";
import { join } from "node:path";
import type { Assignment } from "@evenkeel/model/link/instance-protocol";
import { define } from "./edge-globals.ts";

type Assets = Pick<Assignment, "root" | "assets" | "wasm">;

/**
 * Loads what edge code may import beyond JavaScript: `./x.wasm?module` (a `WebAssembly.Module`, by `import` and `require`), and
 * packages by their `edge-light` condition, by which `vercel build` traced them.
 */
export function hookEdgeModules({ root, wasm }: Assets): void {
  for (const { name, path } of wasm) {
    Object.defineProperty(globalThis, name, {
      configurable: true,
      get() {
        const compiled = new WebAssembly.Module(readFileSync(join(root, path)));
        define(name, compiled);
        return compiled;
      },
    });
  }
  // Node has it from 22.15 on; edge functions run on the newest.
  module.registerHooks?.({
    resolve(specifier, context, next) {
      const conditions = ["edge-light", ...(context.conditions ?? [])];
      return next(wasmPath(specifier, root) ?? specifier, { ...context, conditions });
    },
    load(url, context, next) {
      if (!url.endsWith(".wasm")) return next(url, context);
      // As CommonJS, so that `require` gives the module itself and `import` gives it as default.
      const source = "module.exports = new WebAssembly.Module(require('node:fs').readFileSync(__filename))";
      return { format: "commonjs", shortCircuit: true, source };
    },
  });
}

/** Next.js's builder names them by paths absolute in the function: `/wasm/wasm_<hash>.wasm`. */
function wasmPath(specifier: string, root: string): string | undefined {
  const path = specifier.replace(/\.wasm\?module$/, ".wasm");
  if (!path.endsWith(".wasm")) return undefined;
  return path.startsWith("/wasm/") ? join(root, path) : path;
}
