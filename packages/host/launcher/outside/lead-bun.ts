import http from "node:http";
import https from "node:https";
import module from "node:module";
import type { SandboxLead } from "@evenkeel/model/link/sandbox-protocol";

type Words = [options: unknown, ...rest: unknown[]];

/**
 * In Bun, `fetch` and `https` do not come through `tls.connect`. They are led to the sandbox's port for plain HTTP on loopback, with the
 * provider's name as the host.
 */
export function leadBunToSandbox({ port, hosts }: SandboxLead): void {
  const led = new Set(hosts);
  const fetchAnywhere = globalThis.fetch;
  const fetchLed = (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const url = new URL(input instanceof Request ? input.url : String(input));
    if (url.protocol !== "https:" || !led.has(url.hostname)) return fetchAnywhere(input, init);
    const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined));
    headers.set("host", url.hostname);
    const target = `http://127.0.0.1:${port}${url.pathname}${url.search}`;
    // Of a request that is given its method and body stay.
    const base = input instanceof Request ? new Request(target, input) : target;
    return fetchAnywhere(base, { ...init, headers });
  };
  globalThis.fetch = Object.assign(fetchLed, { preconnect: fetchAnywhere.preconnect });

  const request = https.request as (...words: unknown[]) => http.ClientRequest;
  const requestLed = (...words: Words): http.ClientRequest => {
    const target = targetOf(words);
    if (!led.has(target.hostname)) return request(...words);
    const { agent: _, port: __, host: ___, hostname: ____, protocol: _____, ...rest } = target.options;
    const listener = words.find((word) => typeof word === "function") as () => void;
    const headers = { ...(rest["headers"] as object), host: target.hostname };
    return http.request({ path: target.path, ...rest, host: "127.0.0.1", port, headers }, listener);
  };
  https.request = requestLed as typeof https.request;
  https.get = ((...words: Words) => {
    const asked = requestLed(...words);
    asked.end();
    return asked;
  }) as typeof https.get;
  module.syncBuiltinESMExports();
}

/** `request(url, options)` or `request(options)`, each with a listener or without. */
function targetOf(words: Words): { hostname: string; path: string; options: Record<string, unknown> } {
  const [first, second] = words;
  const url = typeof first === "string" || first instanceof URL ? new URL(first) : undefined;
  const given = url ? (typeof second === "object" ? second : {}) : first;
  const options = (given ?? {}) as Record<string, unknown>;
  const hostname = String(options["hostname"] ?? options["host"] ?? url?.hostname ?? "").toLowerCase();
  return { hostname, path: url ? url.pathname + url.search : "/", options };
}
