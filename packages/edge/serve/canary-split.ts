import type { DeploymentId, ServedDeployment } from "@evenkeel/model";
import type { Exchange } from "../http/exchange.ts";
import type { Site, Split } from "../state/serving-table.ts";

const cookieName = "__evenkeel_canary";
/** Longer than a visit; a canary that takes longer finds most visitors again by their address. */
const cookieAgeS = 86_400;
const cookiePattern = new RegExp(`(?:^|;\\s*)${cookieName}=([a-z0-9]{9})\\.([0-9a-f]{8})(?:;|$)`);
const points = 2 ** 32;

/**
 * Which of the two deployments of a canary answers a request.
 *
 * A visitor has a point between 0 and 1, and is the canary's once the share is beyond it. So nobody goes to and fro: with each larger
 * share some come over, and an abort brings all back. The point is a hash of address and user agent, the same at every edge and after every
 * restart; the first page also sets it as a cookie, so that it stays when the address changes. A client may choose its side by
 * writing the cookie itself, which is as good as asking for the deployment at its own host.
 *
 * What a page asks for in the name of its deployment (`dpl`, `x-deployment-id`: Next.js' navigations and files) is answered by that one.
 */
export function chooseSide(exchange: Exchange, site: Site, { site: other, share }: Split): Site {
  const named = namedSide(exchange, site.deployment, other.deployment);
  if (named !== undefined) return named === "canary" ? other : site;
  const cookie = cookiePattern.exec(exchange.header("cookie") ?? "");
  const canary = other.deployment.id;
  if (cookie?.[1] === canary) return Number.parseInt(cookie[2]!, 16) / points < share ? other : site;
  const point = visitorPoint(exchange, canary);
  if (isNavigation(exchange)) exchange.extraLines = cookieLine(canary, point, exchange.scheme === "https");
  return point / points < share ? other : site;
}

/**
 * 0 to 2³² - 1. Salted with the canary, so that not the same visitors are always the first. Behind a proxy the visitors differ by what it says of
 * them: unproven, but whoever makes it up only chooses a side.
 */
function visitorPoint(exchange: Exchange, canary: DeploymentId): number {
  const address = exchange.header("x-forwarded-for") ?? exchange.remoteAddress;
  return Bun.hash.xxHash32(`${canary}\n${address}\n${exchange.header("user-agent") ?? ""}`);
}

/** A page's code does not know of deployments that only bring its build other variables (`pageId`): two of one build are alike to it. */
function namedSide(
  exchange: Exchange,
  current: ServedDeployment,
  canary: ServedDeployment,
): "current" | "canary" | undefined {
  const named = exchange.header("x-deployment-id") ?? /(?:^|&)dpl=([^&]*)/.exec(exchange.query)?.[1];
  if (named === undefined) return undefined;
  const id = named.startsWith("dpl_") ? named.slice("dpl_".length) : named;
  const ofCurrent = current.pageId ?? current.id;
  const ofCanary = canary.pageId ?? canary.id;
  if (ofCurrent === ofCanary) return undefined;
  return id === ofCanary ? "canary" : "current";
}

function isNavigation(exchange: Exchange): boolean {
  const destination = exchange.header("sec-fetch-dest");
  if (destination !== undefined) return destination === "document";
  return exchange.header("accept")?.includes("text/html") === true;
}

function cookieLine(canary: DeploymentId, point: number, isSecure: boolean): string {
  const value = `${canary}.${point.toString(16).padStart(8, "0")}`;
  return `set-cookie: ${cookieName}=${value}; Path=/; Max-Age=${cookieAgeS}; HttpOnly; SameSite=Lax${isSecure ? "; Secure" : ""}\r\n`;
}
