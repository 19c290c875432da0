import module from "node:module";
import tls from "node:tls";
import type { SandboxLead } from "@evenkeel/model/link/sandbox-protocol";

type ConnectOptions = tls.ConnectionOptions & { port?: number | string | null };

/**
 * From now on, TLS connections of this process to the named hosts end at the sandbox, whoever opens them: `fetch`, `https`, `http2` and all SDKs above
 * them come through `tls.connect`. They stay TLS: names are checked as ever, against the sandbox's certificate, which vouches for these
 * hosts alone and is trusted for these connections alone. Connections to other hosts are not touched.
 */
export function leadToSandbox({ tlsPort, certificate, hosts }: SandboxLead): void {
  const led = new Set(hosts);
  const connect = tls.connect as (...words: unknown[]) => tls.TLSSocket;
  tls.connect = ((...words: unknown[]) => {
    const options = optionsOf(words);
    const host = (options.servername || options.host || "").toLowerCase();
    // A socket that is given is a tunnel: a proxy was asked for.
    if (!led.has(host) || options.socket) return connect(...words);
    const { path: _, ...rest } = options;
    const listener = words.find((word) => typeof word === "function");
    const target = { ...rest, host: "127.0.0.1", port: tlsPort, servername: host, ca: certificate };
    return connect(target, ...(listener ? [listener] : []));
  }) as typeof tls.connect;
  module.syncBuiltinESMExports();
}

/** `connect(options)`, `connect(port, options)`, `connect(port, host, options)`, each with a listener or without. */
function optionsOf(words: unknown[]): ConnectOptions {
  const options: ConnectOptions = {};
  if (typeof words[0] !== "object") options.port = words[0] as number;
  if (typeof words[1] === "string") options.host = words[1];
  return Object.assign(options, ...words.filter((word) => typeof word === "object" && word !== null));
}
