import { readFileSync } from "node:fs";

/**
 * The machine user's npm settings that a build needs to reach the registry. Nothing else of `~/.npmrc` goes into a room, least of all
 * tokens (`//host/:_authToken`): an app that needs one has it in its own `.npmrc` and environment.
 */
export interface RegistryConfig {
  /** Lines of an `.npmrc`: `registry`, `@scope:registry`, proxies, `strict-ssl`. */
  npmrc: string[];
  registry: string | undefined;
  proxy: string | undefined;
  /** Bytes of the extra certificates. */
  certificates: Uint8Array | undefined;
}

const settings = new Set(["registry", "proxy", "https-proxy", "noproxy", "strict-ssl"]);

/** Of the platform's own environment these alone reach a room. */
const proxyVariables = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"];

/** Asks npm itself, which knows its global, user and environment settings; from `/`, where no project adds to them. */
export async function readRegistryConfig(): Promise<RegistryConfig> {
  const child = Bun.spawn(["npm", "config", "list", "--json"], {
    cwd: "/",
    stdin: "ignore",
    stdout: "pipe",
    stderr: "ignore",
  });
  const [text, exitCode] = await Promise.all([new Response(child.stdout).text(), child.exited]);
  return registryConfig(exitCode === 0 ? JSON.parse(text) : {});
}

export function registryConfig(config: Record<string, unknown>): RegistryConfig {
  const npmrc: string[] = [];
  for (const [key, value] of Object.entries(config)) {
    if (!settings.has(key) && !/^@[^:/]+:registry$/.test(key)) continue;
    const text = Array.isArray(value)
      ? value.join(",")
      : value === null || value === ""
        ? undefined
        : String(value);
    if (text !== undefined && !/[\r\n]/.test(text)) npmrc.push(`${key}=${text}`);
  }
  const text = (key: string) =>
    typeof config[key] === "string" && config[key] !== "" ? String(config[key]) : undefined;
  return {
    npmrc,
    registry: text("registry"),
    proxy: text("https-proxy") ?? text("proxy"),
    certificates: readCertificates(text("cafile") ?? process.env["NODE_EXTRA_CA_CERTS"]),
  };
}

export function proxyEnvironment(
  from: Record<string, string | undefined> = process.env,
): Record<string, string> {
  return Object.fromEntries(
    proxyVariables.flatMap((name) => (from[name] === undefined ? [] : [[name, from[name]]])),
  );
}

function readCertificates(path: string | undefined): Uint8Array | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path);
  } catch {
    // npm itself goes on without a certificate file that is not there.
    return undefined;
  }
}
