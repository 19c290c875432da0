import { internalHeaderPrefix } from "./internal-headers.ts";

/**
 * From the edge to the launcher: what functions learn of a request by Vercel's headers, in one line. As ten lines they would cost Node's
 * parser 2 to 3 µs a request; the launcher takes this one off and gives the app the ten.
 */
export const requestOriginHeader = `${internalHeaderPrefix}origin`;

export interface RequestOrigin {
  requestId: string;
  invocationId: string;
  /** The client's IP address. */
  address: string;
  scheme: string;
  /** As the client named it, in lower case. */
  hostPort: string;
  port: string;
  /** The deployment's own host, with the port that the client used. */
  deploymentUrl: string;
  /** W3C's; `-`: the call belongs to no trace. */
  traceparent: string;
  /** What the route led to; the only one that may hold blanks. */
  matchedPath: string;
}

export const writeRequestOrigin = (origin: RequestOrigin): string =>
  `${origin.requestId} ${origin.invocationId} ${origin.address} ${origin.scheme} ${origin.hostPort} ${origin.port} ${origin.deploymentUrl} ${origin.traceparent} ${origin.matchedPath}`;

/** The headers that `value` stands for, as apps see them: https://vercel.com/docs/headers/request-headers */
export function readRequestOrigin(value: string): Record<string, string> {
  const parts = value.split(" ");
  const address = parts[2]!;
  const headers = {
    "x-vercel-id": parts[0]!,
    // Without it, Next.js gives what it rendered in the last ten seconds again, whatever was invalidated meanwhile.
    "x-invocation-id": parts[1]!,
    "x-forwarded-for": address,
    "x-forwarded-host": parts[4]!,
    "x-forwarded-proto": parts[3]!,
    "x-forwarded-port": parts[5]!,
    "x-real-ip": address,
    "x-vercel-forwarded-for": address,
    "x-vercel-deployment-url": parts[6]!,
    "x-matched-path": parts.length === 9 ? parts[8]! : parts.slice(8).join(" "),
  };
  return parts[7] === "-" ? headers : { ...headers, traceparent: parts[7]! };
}
