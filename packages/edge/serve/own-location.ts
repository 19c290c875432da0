import type { Exchange } from "../http/exchange.ts";
import type { UpstreamHead } from "../upstream/forward-options.ts";

/**
 * Leads a redirect to the app's own host back to where the client is. Builders for Vercel, where all is https, make
 * functions believe that their URL is `https://<host>` (@vercel/next's node handler does), so `new URL("/", request.url)` would lead a client of
 * a plain http port to TLS on that same port, which nobody speaks. A host without a port is left alone: there, TLS may well have a port
 * of its own.
 */
export function keepOwnScheme(head: UpstreamHead, exchange: Exchange): void {
  if (exchange.scheme !== "http") return;
  const location = head.get("location");
  if (location === undefined || !exchange.hostPort.includes(":")) return;
  const foreign = `https://${exchange.hostPort}`;
  if (!location.startsWith(foreign)) return;
  const rest = location.slice(foreign.length);
  if (rest === "" || /^[/?#]/.test(rest)) head.set("location", `http://${exchange.hostPort}${rest}`);
}
