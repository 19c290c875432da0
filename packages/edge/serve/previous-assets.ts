import type { DeploymentId, ServedDeployment } from "@evenkeel/model";
import type { Exchange } from "../http/exchange.ts";
import type { FileResolution } from "../routing/resolution.ts";
import type { LoadedOutput } from "../state/output-catalog.ts";
import type { Site } from "../state/serving-table.ts";

/**
 * Paths under which build tools put files whose names change with their content: Next.js, SvelteKit, Astro and Nuxt by folder, Vite and others by a
 * hash in the name.
 */
const hashedPaths =
  /(?:^|\/)(?:_next\/static|_app\/immutable|_astro|_nuxt)\/|[.-][A-Za-z0-9_-]{8,}\.(?:m?js|css|map|woff2?|ttf|otf|png|jpe?g|gif|svg|webp|avif|ico|wasm|mp4|webm|json)$/;

/** Whether an earlier deployment may hold what the request asks for: a page that was open during a switch goes on loading its own files. */
export function asksForHashedAsset(exchange: Exchange): boolean {
  if (exchange.method !== "GET" && exchange.method !== "HEAD") return false;
  return (
    hashedPaths.test(exchange.path) ||
    (exchange.query !== "" && /(?:^|&)dpl=/.test(exchange.query)) ||
    exchange.header("x-deployment-id") !== undefined
  );
}

/** Whether the output itself has a file at just this path. */
export function hasFile({ output }: LoadedOutput, path: string): boolean {
  return Object.hasOwn(output.files, fileKey(path));
}

/**
 * The file of this path in the newest earlier deployment that has it, with the headers that its own routes give it. Only files: a function of
 * an earlier deployment shall not run again because somebody asks for it.
 */
export async function findPreviousAsset(
  exchange: Exchange,
  site: Site,
  deploymentOf: (id: DeploymentId) => ServedDeployment | undefined,
  load: (deployment: ServedDeployment) => Promise<LoadedOutput>,
): Promise<FileResolution | undefined> {
  for (const id of site.previous ?? []) {
    const deployment = deploymentOf(id);
    if (!deployment) continue;
    const loaded = await load(deployment).catch(() => undefined);
    if (!loaded || !hasFile(loaded, exchange.path)) continue;
    let resolution = loaded.router.resolve(exchange);
    // Its middleware has said all it has to say when the page was loaded.
    for (let steps = 0; resolution.kind === "middleware" && steps < 8; steps++) {
      resolution = resolution.resume({ kind: "next", responseHeaders: [] });
    }
    if (resolution.kind === "file") return resolution;
  }
  return undefined;
}

function fileKey(path: string): string {
  try {
    return decodeURIComponent(path.slice(1));
  } catch {
    return path.slice(1);
  }
}
