import { timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { EvenkeelError } from "@evenkeel/model";
import { type Answer, json } from "../provider/answer.ts";
import { Router } from "../provider/router.ts";
import { write } from "../server/twin-server.ts";
import { accountRoutes } from "./account-routes.ts";
import type { AdminAudit, AuditEntry } from "./admin-audit.ts";
import type { AdminParts, AdminRoute } from "./admin-route.ts";
import { billingRoutes } from "./billing-routes.ts";
import { faultRoutes } from "./fault-routes.ts";
import { logRoutes } from "./log-routes.ts";
import { mailRoutes } from "./mail-routes.ts";
import { phoneRoutes } from "./phone-routes.ts";

const bodyLimitBytes = 1024 * 1024;
export const adminPrefix = "/_sandbox";

/** The sandbox's own API: over its socket, which only the platform can open, or on its port with the administrator's token or the page's own. */
export class AdminServer {
  private readonly router: Router<AdminRoute>;

  constructor(
    private readonly parts: AdminParts,
    private readonly token: () => string,
    private readonly audit: AdminAudit,
    private readonly flush: () => void,
  ) {
    this.router = new Router<AdminRoute>([
      ...audit.routes,
      ...accountRoutes(parts),
      ...billingRoutes(parts),
      ...faultRoutes(parts),
      ...logRoutes(parts),
      ...mailRoutes(parts),
      ...phoneRoutes(parts),
      {
        method: "GET",
        path: "/page",
        answer: () => json({ url: `${parts.base()}/#${parts.pageToken}` }),
      },
    ]);
  }

  /** @param trusted the connection itself proves who asks */
  async serve(incoming: IncomingMessage, response: ServerResponse, trusted: boolean): Promise<void> {
    const url = new URL(incoming.url ?? "/", "http://sandbox");
    const who = trusted ? "command line" : this.whoHas(incoming.headers.authorization);
    const answer =
      who !== undefined
        ? await this.answer(incoming, url, who)
        : json({ error: { code: "unauthenticated", message: "This needs the administrator's token" } }, 401);
    this.flush();
    await write(response, { ...answer, headers: { "cache-control": "no-store", ...answer.headers } });
  }

  private async answer(incoming: IncomingMessage, url: URL, who: AuditEntry["who"]): Promise<Answer> {
    try {
      const path = url.pathname.startsWith(adminPrefix)
        ? url.pathname.slice(adminPrefix.length)
        : url.pathname;
      const found = this.router.find(incoming.method ?? "GET", path);
      if (!found) return failure("route_unknown", `The sandbox has no ${incoming.method} ${path}`, 404);
      const body = await readJson(incoming);
      if (!body)
        return failure("request_invalid", "The request's body is not a JSON object of up to 1 MB", 400);
      const answer = await found.route.answer({ params: found.params, query: url.searchParams, body });
      if (found.route.method !== "GET") {
        const what = `${found.route.method} ${path}`;
        this.audit.record({ who, what, detail: Object.keys(body).length > 0 ? JSON.stringify(body) : "" });
      }
      return answer;
    } catch (error) {
      if (error instanceof EvenkeelError) {
        const status =
          error.fault === "platform" ? 500 : error.code === "sandbox_account_unknown" ? 404 : 400;
        return json({ error: error.toJSON() }, status);
      }
      console.error("sandbox: a request failed:", error);
      return failure("internal", "The sandbox failed unexpectedly; its log has the details", 500);
    }
  }

  private whoHas(authorization: string | undefined): AuditEntry["who"] | undefined {
    const given = Buffer.from(/^Bearer +(\S+)$/i.exec(authorization ?? "")?.[1] ?? "");
    const has = (token: string) => {
      const wanted = Buffer.from(token);
      return wanted.length > 0 && given.length === wanted.length && timingSafeEqual(given, wanted);
    };
    if (has(this.token())) return "administrator";
    return has(this.parts.pageToken) ? "page" : undefined;
  }
}

const failure = (code: string, message: string, status: number): Answer =>
  json({ error: { code, message } }, status);

async function readJson(incoming: IncomingMessage): Promise<Record<string, unknown> | undefined> {
  const pieces: Buffer[] = [];
  let receivedBytes = 0;
  for await (const piece of incoming) {
    receivedBytes += piece.length;
    if (receivedBytes > bodyLimitBytes) return undefined;
    pieces.push(piece);
  }
  const text = Buffer.concat(pieces).toString("utf8");
  if (text === "") return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
