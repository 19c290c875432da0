import { AsyncLocalStorage } from "node:async_hooks";

/**
 * Makes this process's global object look like that of Vercel's Edge runtime
 * (https://vercel.com/docs/functions/runtimes/edge#edge-runtime-supported-apis).
 *
 * An instance runs one function, so the process is its isolate. A `vm` context as `@edge-runtime/vm` makes one was rejected: it bundles a
 * second, older fetch (800 KB to compile at each start), its two realms break `instanceof` for errors, arrays and bytes,
 * and it cannot load ES modules.
 */
export function becomeEdgeRuntime(environment: Record<string, string>): void {
  // Only the global is replaced: the launcher and Node hold on to the real one.
  define("process", { env: { ...environment } });
  define("EdgeRuntime", "edge-runtime");
  define("self", globalThis);
  define("AsyncLocalStorage", AsyncLocalStorage);
  define("eval", refuseCode);
  define("Function", new Proxy(Function, { apply: refuseCode, construct: refuseCode }));
}

export function define(name: string, value: unknown): void {
  Object.defineProperty(globalThis, name, { configurable: true, enumerable: false, writable: true, value });
}

/** Libraries probe for it and choose an interpreter instead. */
function refuseCode(): never {
  throw new EvalError("Code generation from strings disallowed for this context");
}
