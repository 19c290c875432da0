import { mkdirSync, writeFileSync } from "node:fs";
import { proxyEnvironment, type RegistryConfig } from "./registry-config.ts";

/**
 * Fills a build's HOME with what package managers need to reach the registry. Files, not variables, wherever the tool reads one: an
 * app's own `.npmrc` or `.yarnrc.yml` must win over ours.
 *
 * @param folder where HOME is filled
 * @param seenAs where the build sees it
 * @param cache where the build sees the package managers' cache
 * @returns the environment that goes with it
 */
export function fillHome(
  folder: string,
  seenAs: string,
  cache: string,
  registry: RegistryConfig,
): Record<string, string> {
  mkdirSync(folder, { recursive: true });
  const certificates = registry.certificates && `${seenAs}/registry-ca.pem`;
  if (registry.certificates) writeFileSync(`${folder}/registry-ca.pem`, registry.certificates);
  const npmrc = [...registry.npmrc, ...(certificates ? [`cafile=${certificates}`] : []), ...npmManners];
  writeFileSync(`${folder}/.npmrc`, `${npmrc.join("\n")}\n`);
  writeFileSync(`${folder}/.yarnrc.yml`, yarnrc(registry, certificates));
  mkdirSync(`${folder}/.config/pnpm`, { recursive: true });
  // Not as `npm_config_store_dir`: npm warns of settings that it does not know.
  writeFileSync(`${folder}/.config/pnpm/rc`, `store-dir=${cache}/pnpm\n`);
  return {
    ...proxyEnvironment(),
    ...(certificates && { NODE_EXTRA_CA_CERTS: certificates }),
    npm_config_cache: `${cache}/npm`,
    YARN_CACHE_FOLDER: `${cache}/yarn`,
    YARN_GLOBAL_FOLDER: `${cache}/yarn-berry`,
    BUN_INSTALL_CACHE_DIR: `${cache}/bun`,
    COREPACK_HOME: `${cache}/corepack`,
  };
}

const npmManners = ["audit=false", "fund=false", "update-notifier=false"];

/** Yarn 2 and later read no `.npmrc`. JSON strings are YAML strings. */
function yarnrc(registry: RegistryConfig, certificates: string | undefined): string {
  const lines = ["enableTelemetry: false"];
  if (registry.registry) lines.push(`npmRegistryServer: ${JSON.stringify(registry.registry)}`);
  if (registry.registry?.startsWith("http://")) {
    lines.push(`unsafeHttpWhitelist: [${JSON.stringify(new URL(registry.registry).hostname)}]`);
  }
  if (registry.proxy) lines.push(`httpsProxy: ${JSON.stringify(registry.proxy)}`);
  if (certificates) lines.push(`httpsCaFilePath: ${JSON.stringify(certificates)}`);
  return `${lines.join("\n")}\n`;
}
