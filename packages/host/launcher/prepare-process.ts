import module from "node:module";
import { join } from "node:path";
import process from "node:process";
import { cacheSocketsVariable, cacheTokenVariable } from "@evenkeel/model/link/cache-protocol";
import type { Assignment } from "@evenkeel/model/link/instance-protocol";
import { sandboxLeadVariable, sandboxProvidersVariable } from "@evenkeel/model/link/sandbox-protocol";
import { leadBunToSandbox } from "./outside/lead-bun.ts";
import { leadToSandbox } from "./outside/lead-to-sandbox.ts";

export interface PlatformVariables {
  cacheSockets: string | undefined;
  cacheToken: string | undefined;
}

/** Turns the generic process into the app's own: environment, working directory, arguments, compile cache. */
export function prepareProcess(assignment: Assignment): PlatformVariables {
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, assignment.environment);
  const variables = {
    cacheSockets: process.env[cacheSocketsVariable],
    cacheToken: process.env[cacheTokenVariable],
  };
  delete process.env[cacheSocketsVariable];
  delete process.env[cacheTokenVariable];
  const lead = process.env[sandboxLeadVariable];
  delete process.env[sandboxLeadVariable];
  delete process.env[sandboxProvidersVariable];
  if (lead !== undefined) {
    leadToSandbox(JSON.parse(lead));
    if (process.versions["bun"] !== undefined) leadBunToSandbox(JSON.parse(lead));
  }
  process.chdir(assignment.root);
  process.argv.splice(1, process.argv.length, join(assignment.root, assignment.handler));
  // Absent in Node 20 and Bun.
  if (assignment.compileCacheDir !== undefined) module.enableCompileCache?.(assignment.compileCacheDir);
  if (assignment.shouldAddSourcemapSupport) process.setSourceMapsEnabled?.(true);
  return variables;
}
