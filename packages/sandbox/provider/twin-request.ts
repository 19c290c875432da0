/** A request of an app to a provider, whole. */
export interface TwinRequest {
  method: string;
  /** Host name in lower case, without port; of the provider's own where the app asked that. */
  host: string;
  /** Without query; as it came. */
  path: string;
  query: URLSearchParams;
  /** Names in lower case. */
  headers: Readonly<Record<string, string | undefined>>;
  body: Buffer;
  /** Address the app used, up to and without the path: `https://api.twilio.com`. */
  origin: string;
}

/** Parameters of a form body; empty for other bodies. */
export function formOf(request: TwinRequest): URLSearchParams {
  const isForm = /^application\/x-www-form-urlencoded\b/i.test(request.headers["content-type"] ?? "");
  return new URLSearchParams(isForm ? request.body.toString("utf8") : "");
}

/** The body as a JSON object; undefined where it is none. An empty body is an empty object. */
export function jsonObjectOf(request: TwinRequest): Record<string, unknown> | undefined {
  if (request.body.length === 0) return {};
  try {
    const value: unknown = JSON.parse(request.body.toString("utf8"));
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** User and password of HTTP's basic scheme. */
export function basicCredentials(request: TwinRequest): { user: string; password: string } | undefined {
  const encoded = /^Basic +([A-Za-z0-9+/=]+)$/i.exec(request.headers["authorization"] ?? "")?.[1];
  if (encoded === undefined) return undefined;
  const [, user, password] =
    /^([^:]*):([\s\S]*)$/.exec(Buffer.from(encoded, "base64").toString("utf8")) ?? [];
  return user === undefined ? undefined : { user, password: password! };
}

export const bearerToken = (request: TwinRequest): string | undefined =>
  /^Bearer +(\S+)$/i.exec(request.headers["authorization"] ?? "")?.[1];
