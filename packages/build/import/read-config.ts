import type { Condition, Route, SourceRoute } from "@evenkeel/model";
import { scheduleProblem } from "@evenkeel/schedules";
import { z } from "zod";
import { pathText } from "../detect/vercel-config/path-text.ts";
import { OutputInvalidError, OutputUnsupportedError } from "../errors.ts";
import { configSchema, handlerRoute, sourceRoute } from "./config-schema.ts";
import type { InsideResolver } from "./inside-resolver.ts";
import { check, readJson } from "./read-json.ts";

export type OutputConfig = Omit<z.output<typeof configSchema>, "routes"> & { routes: Route[] };

/** Reads and checks `config.json`; every regular expression in it is known to compile afterwards. */
export function readConfig(resolver: InsideResolver, output: string): OutputConfig {
  const resolved = resolver.resolve(`${output}/config.json`, output);
  if (!resolved?.status.isFile()) {
    throw new OutputInvalidError(`The build output has no config.json in ${resolver.shown(output)}`, {
      hint: "Run `vercel build`, or deploy the source and let the platform build it.",
    });
  }
  const version = readJson(
    resolved.path,
    resolved.status.size,
    "config.json",
    z.object({ version: z.unknown() }),
  ).version;
  if (version !== 3) {
    throw new OutputUnsupportedError(
      `config.json has version ${JSON.stringify(version) ?? "none"}; version 3 is supported`,
      { hint: "Build with a current `vercel` CLI." },
    );
  }
  const config = readJson(resolved.path, resolved.status.size, "config.json", configSchema);
  const problem = scheduleProblem(config);
  if (problem) {
    throw new OutputInvalidError(`config.json: ${pathText(problem.path)}: ${problem.message}`, {
      hint: problem.hint,
    });
  }
  return { ...config, routes: (config.routes ?? []).map(readRoute) };
}

function readRoute(value: unknown, index: number): Route {
  const shown = `config.json: routes[${index}]`;
  const isHandler = value !== null && typeof value === "object" && "handle" in value;
  if (isHandler) return check(value, shown, handlerRoute);
  const route = check(value, shown, sourceRoute) as SourceRoute;
  compile(route.src, `${shown}.src`, route.caseSensitive ? "" : "i");
  for (const kind of ["has", "missing"] as const) {
    route[kind]?.forEach((condition, at) => {
      compileCondition(condition, `${shown}.${kind}[${at}].value`);
    });
  }
  route.transforms?.forEach((transform, at) => {
    if (transform.type === "request.path") return;
    const { key } = transform.target;
    if (typeof key === "object" && key.re !== undefined) {
      compile(key.re, `${shown}.transforms[${at}].target.key.re`);
    }
  });
  return route;
}

function compileCondition({ value }: Condition, shown: string): void {
  if (typeof value === "string") compile(`^${value}$`, shown);
  else if (value?.re !== undefined) compile(value.re, `${shown}.re`);
}

function compile(source: string, shown: string, flags = ""): void {
  try {
    new RegExp(source, flags);
  } catch (cause) {
    throw new OutputInvalidError(`${shown} is not a regular expression: ${(cause as Error).message}`, {
      cause,
    });
  }
}
