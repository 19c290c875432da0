import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type SandboxLead,
  type SandboxRoutes,
  sandboxLeadVariable,
  sandboxProvidersVariable,
} from "@evenkeel/model";

const source = join(import.meta.dir, "lead-to-sandbox.ts");
let module: string | undefined;

/** Where the connections of a deployment to providers' hosts are to end; undefined where it talks to no twins. Pure. */
export function planLead(
  { port, tlsPort, certificate, hosts }: SandboxRoutes,
  environment: Readonly<Record<string, string>>,
): SandboxLead | undefined {
  const providers = environment[sandboxProvidersVariable]?.split(",");
  return (
    providers && { port, tlsPort, certificate, hosts: providers.flatMap((provider) => hosts[provider] ?? []) }
  );
}

/**
 * Variables under which Node, in any program that has them and in what it starts, comes to the sandbox as functions do: builds, services,
 * one-off commands. The code is in the variable itself (`--import` of a `data:` URL, Node ≥ 20), so that no file has to be visible there.
 */
export function leadVariables(
  routes: SandboxRoutes | undefined,
  environment: Readonly<Record<string, string>>,
): Record<string, string> {
  const lead = routes && planLead(routes, environment);
  if (!lead) return {};
  const option = `--import data:text/javascript,${encodeURIComponent(loadModule())}`;
  const { NODE_OPTIONS: own = "" } = environment;
  return {
    [sandboxLeadVariable]: JSON.stringify(lead),
    NODE_OPTIONS: own === "" ? option : `${own} ${option}`,
  };
}

function loadModule(): string {
  if (module !== undefined) return module;
  const transpiler = new Bun.Transpiler({ loader: "ts", target: "node", minifyWhitespace: true });
  const code = transpiler.transformSync(readFileSync(source, "utf8"));
  // A program may have taken the lead away from what it starts, and left the option.
  module = `${code};const lead=process.env.${sandboxLeadVariable};if(lead)leadToSandbox(JSON.parse(lead));`;
  return module;
}
