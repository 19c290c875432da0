import type { Server } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Assignment } from "@evenkeel/model/link/instance-protocol";
import { FunctionHandlerMissingError } from "../errors.ts";
import { loadModule, unwrapDefault } from "../functions/load-module.ts";
import {
  httpMethods,
  orContinue,
  serveWebHandler,
  serveWebMethods,
  type WebContext,
  type WebHandler,
  type WebMethods,
} from "../functions/web-function.ts";
import { fetchAssets } from "./edge-assets.ts";
import { becomeEdgeRuntime, define } from "./edge-globals.ts";
import { hookEdgeModules } from "./edge-modules.ts";

/** @throws FunctionHandlerMissingError when the module has neither a default export nor one named after a method. */
export async function loadEdgeFunction(assignment: Assignment, context: WebContext): Promise<Server> {
  const path = join(assignment.root, assignment.handler);
  hookEdgeModules(assignment);
  fetchAssets(assignment);
  becomeEdgeRuntime(assignment.environment);
  // Next.js's builder writes ES modules that call `require`, which Vercel's bundler resolves at deploy.
  define("require", createRequire(path));
  const exported = unwrapDefault(await loadModule(path)) as
    | (WebMethods & { fetch?: WebHandler })
    | WebHandler;
  if (typeof exported === "function") return serveWebHandler(orContinue(exported), context);
  if (typeof exported?.fetch === "function") return serveWebHandler(exported.fetch.bind(exported), context);
  const methods = httpMethods.filter((name) => typeof exported?.[name] === "function");
  if (methods.length === 0) {
    throw new FunctionHandlerMissingError(
      `Edge function ${assignment.handler} exports no handler: found ${Object.keys(exported ?? {}).join(", ") || "no exports"}`,
      { hint: "Export a default function (request, context) or functions named after HTTP methods." },
    );
  }
  return serveWebMethods(Object.fromEntries(methods.map((name) => [name, exported[name]])), context);
}
