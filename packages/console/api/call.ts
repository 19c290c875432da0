import type { RouteName } from "@evenkeel/control/api/contract/index";
import type { RouteInput, RouteReply } from "@evenkeel/control/client/control-client";
import { ApiFault } from "./api-fault.ts";
import { linesOf } from "./lines-of.ts";
import { routeTable } from "./route-table.ts";
import { credentials } from "./session.ts";

export type { RouteInput, RouteReply };

type Input = Record<string, unknown>;

/**
 * Calls one route of the API by its name: parameters of the path, the query and the body in one object.
 *
 * @throws ApiFault
 */
export async function call<Name extends RouteName>(
  name: Name,
  input: RouteInput<Name>,
  signal?: AbortSignal,
): Promise<RouteReply<Name>> {
  const response = await send(name, (input ?? {}) as Input, signal);
  return (await response.json()) as RouteReply<Name>;
}

/** Events of a route that streams, one at a time. Leaving the loop ends the request. */
export async function* follow<Name extends RouteName>(
  name: Name,
  input: RouteInput<Name>,
  signal: AbortSignal,
): AsyncGenerator<RouteReply<Name>, void, void> {
  const response = await send(name, (input ?? {}) as Input, signal);
  for await (const line of linesOf(response.body!, signal)) {
    if (line === "") continue;
    const event = JSON.parse(line);
    if (event !== null && typeof event === "object" && isFault(event)) {
      throw new ApiFault(event.error, response.status);
    }
    yield event as RouteReply<Name>;
  }
}

/** The last event of a stream that tells progress until it is done. */
export async function callToEnd<Name extends RouteName>(
  name: Name,
  input: RouteInput<Name>,
  onEvent: (event: RouteReply<Name>) => void = () => {},
): Promise<RouteReply<Name>> {
  let last: RouteReply<Name> | undefined;
  for await (const event of follow(name, input, new AbortController().signal)) {
    onEvent(event);
    last = event;
  }
  if (last === undefined)
    throw new ApiFault({ code: "no_end", message: "The API ended without an answer" }, 502);
  return last;
}

const isFault = (event: object): event is { error: { code: string; message: string } } =>
  Object.keys(event).length === 1 && "error" in event;

async function send(name: RouteName, input: Input, signal?: AbortSignal): Promise<Response> {
  const [method, template, , , hasBody] = routeTable[name];
  const { path, rest } = fillPath(template, input);
  const headers: Record<string, string> = { accept: "application/json", ...credentials(method) };
  let query = "";
  if (hasBody) headers["content-type"] = "application/json";
  else {
    const given = Object.entries(rest).filter(([, value]) => value !== undefined);
    query = new URLSearchParams(given.map(([key, value]) => [key, String(value)])).toString();
  }
  let response: Response;
  try {
    response = await fetch(`${path}${query && `?${query}`}`, {
      ...{ method, headers, credentials: "same-origin" as const },
      ...(hasBody ? { body: JSON.stringify(rest) } : {}),
      ...(signal ? { signal } : {}),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw ApiFault.unreachable();
  }
  if (!response.ok) throw await ApiFault.of(response);
  return response;
}

function fillPath(template: string, input: Input): { path: string; rest: Input } {
  const rest = { ...input };
  const path = template.replace(/:(\w+)/g, (_match, key: string) => {
    const value = rest[key];
    delete rest[key];
    return encodeURIComponent(String(value));
  });
  return { path, rest };
}
