import type { FunctionId, Phase, SourceRoute } from "@evenkeel/model";
import { InvalidRouteError } from "../errors.ts";
import { compileDestination, type Destination } from "./destination.ts";
import { compileGuard, type Guard } from "./guard.ts";
import type { CompileOptions, RoutedOutput } from "./router.ts";
import { anchoredPattern, encodeLiterals, groupsOf, PatternProblem } from "./source-pattern.ts";
import { compileTemplate, type Template } from "./template.ts";
import { type CompiledTransform, compileTransform } from "./transforms.ts";

/** One route of `config.json`, compiled. */
export interface CompiledRoute {
  pattern: RegExp;
  guard: Guard | undefined;
  /** Its templates use what `has` captured, so its effect depends on more than its path and whether the guard passes. */
  usesConditions: boolean;
  usesWildcard: boolean;
  destination: Destination | undefined;
  /** Names in lower case, without `location` of a redirect. */
  headers: { name: string; value: Template }[];
  /** Set for the statuses 301, 302, 303, 307 and 308 with somewhere to go. */
  redirect: { status: number; location: Destination } | undefined;
  status: number | undefined;
  check: boolean;
  continues: boolean;
  override: boolean;
  important: boolean;
  /** Locale in lower case → where it lives. */
  locale: { cookie: string | undefined; destinations: Map<string, Destination> } | undefined;
  middleware: { key: string; function: FunctionId } | undefined;
  transforms: CompiledTransform[];
  /** Refuses the request (`mitigate`). */
  denied: boolean;
}

/** `none`: the routes before the first `handle`. */
export type RoutePhase = Phase | "none";
export type RouteTable = Record<RoutePhase, CompiledRoute[]>;

const redirectStatuses = new Set([301, 302, 303, 307, 308]);
/** A middleware's answer is awaited between two routes of these; the others run inside a look-up. */
const middlewarePhases = new Set<RoutePhase>(["none", "filesystem", "resource"]);

/** @throws {InvalidRouteError} for the first route that cannot be compiled. */
export function compileRouteTable(output: RoutedOutput, options: CompileOptions = {}): RouteTable {
  const table: RouteTable = {
    none: [],
    rewrite: [],
    filesystem: [],
    resource: [],
    miss: [],
    hit: [],
    error: [],
  };
  let phase: RoutePhase = "none";
  for (const [index, route] of output.routes.entries()) {
    if ("handle" in route) {
      if (!Object.hasOwn(table, route.handle)) {
        const hint = "Phases are rewrite, filesystem, resource, miss, hit and error.";
        throw new InvalidRouteError(index, `there is no phase ${JSON.stringify(route.handle)}`, hint);
      }
      phase = route.handle;
      continue;
    }
    try {
      table[phase].push(compileRoute(route, index, phase, output, options));
    } catch (error) {
      if (!(error instanceof PatternProblem)) throw error;
      const hint =
        "Write src and conditions as ECMAScript regular expressions, without atomic groups or recursion.";
      throw new InvalidRouteError(index, error.message, hint, error.cause);
    }
  }
  return table;
}

function compileRoute(
  route: SourceRoute,
  index: number,
  phase: RoutePhase,
  output: RoutedOutput,
  options: CompileOptions,
): CompiledRoute {
  const pattern = anchoredPattern(encodeLiterals(route.src), route.caseSensitive !== true);
  const guard = compileGuard(route);
  const groups = groupsOf(pattern);
  const names = { groups: groups.count, named: groups.names, conditions: guard?.captureNames ?? [] };
  const destination = route.dest === undefined ? undefined : compileDestination(route.dest, names);

  const given = Object.entries(route.headers ?? {}).map(([name, value]) => ({
    name: name.toLowerCase(),
    value,
  }));
  const location = given.find(({ name }) => name === "location");
  const redirects = route.status !== undefined && redirectStatuses.has(route.status);
  const target = redirects ? (location ? compileDestination(location.value, names) : destination) : undefined;
  const headers = given
    .filter((header) => header !== location || !target)
    .map(({ name, value }) => ({ name, value: compileTemplate(value, names) }));

  const environment = options.environment ?? (() => undefined);
  const transforms = (route.transforms ?? []).map((each) => compileTransform(each, names, environment));
  const localeDestinations = Object.entries(route.locale?.redirect ?? {}).map(
    ([locale, text]): [string, Destination] => [locale.toLowerCase(), compileDestination(text, names)],
  );
  const used = new Set([
    ...(destination?.names ?? []),
    ...(target?.names ?? []),
    ...headers.flatMap(({ value }) => [...value.names]),
    ...transforms.flatMap((transform) => [...transform.names]),
    ...localeDestinations.flatMap(([, each]) => [...each.names]),
  ]);
  return {
    pattern,
    guard,
    usesConditions: names.conditions.some((name) => used.has(name)),
    usesWildcard: used.has("wildcard"),
    destination,
    headers,
    redirect: target && { status: route.status!, location: target },
    status: route.status,
    check: route.check === true,
    continues: route.continue === true,
    override: route.override === true,
    important: route.important === true,
    locale: route.locale?.redirect && {
      cookie: route.locale.cookie,
      destinations: new Map(localeDestinations),
    },
    middleware: middlewareOf(route, index, phase, output),
    transforms,
    // A challenge proves that a browser runs: there is nobody here who could pose one, and refusing everybody would not be one.
    denied: route.mitigate?.action === "deny",
  };
}

function middlewareOf(route: SourceRoute, index: number, phase: RoutePhase, output: RoutedOutput) {
  if (route.middlewarePath === undefined) return undefined;
  // Next.js writes `/_middleware`, other builders `middleware`.
  const key = route.middlewarePath.replace(/^\/+/, "");
  if (!Object.hasOwn(output.functions, key)) {
    const hint = `Add functions/${key}.func to the build output, or remove the route.`;
    throw new InvalidRouteError(index, `its middlewarePath "${key}" is no function of this output`, hint);
  }
  if (!middlewarePhases.has(phase)) {
    const hint = "Move it before the first handle.";
    throw new InvalidRouteError(index, `a middleware cannot run in the phase ${phase}`, hint);
  }
  return { key, function: output.functions[key]! };
}
