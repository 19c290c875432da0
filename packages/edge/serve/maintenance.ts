import { createHash, timingSafeEqual } from "node:crypto";
import { passName, type ServedMode } from "@evenkeel/model";
import type { Exchange } from "../http/exchange.ts";
import { renderPlatformPage } from "./platform-page.ts";
import { newRequestId } from "./request-id.ts";

/** Nobody has said when it is over: ask again in a minute. */
const usualRetryS = 60;
const cookiePattern = new RegExp(`(?:^|;\\s*)${passName}=([A-Za-z0-9_-]{8,64})(?:;|$)`);
const queryPattern = new RegExp(`[?&]${passName}=([A-Za-z0-9_-]{8,64})(?:&|$)`);

/**
 * Answers in the place of an app that is in maintenance, but on its essential paths and for operators: who comes with the pass in the address gets it as a
 * cookie.
 *
 * @returns false where the app itself is to answer
 */
export function answerMaintenance(exchange: Exchange, mode: ServedMode): boolean {
  const { path } = exchange;
  if (
    mode.essential.some(
      (prefix) => path === prefix || path.startsWith(prefix.endsWith("/") ? prefix : `${prefix}/`),
    )
  )
    return false;
  const asked = queryPattern.exec(exchange.target)?.[1];
  if (asked !== undefined && isPass(asked, mode)) {
    exchange.respond(
      303,
      [
        ["location", path],
        ["set-cookie", `${passName}=${asked}; Path=/; HttpOnly; SameSite=Lax`],
        ["cache-control", "no-store"],
      ],
      "",
    );
    return true;
  }
  const shown = cookiePattern.exec(exchange.header("cookie") ?? "")?.[1];
  if (shown !== undefined && isPass(shown, mode)) return false;
  const leftS = mode.untilMs === undefined ? usualRetryS : Math.ceil((mode.untilMs - Date.now()) / 1_000);
  const requestId = newRequestId();
  const { headers, body } = renderPlatformPage(
    {
      ...{ status: 503, code: "MAINTENANCE", title: "Maintenance", message: mode.message, requestId },
      ...(mode.untilMs !== undefined &&
        leftS > 0 && {
          hint: `Expected back at ${new Date(mode.untilMs).toISOString().slice(0, 16).replace("T", " ")} UTC.`,
        }),
    },
    exchange.header("accept"),
  );
  exchange.respond(
    503,
    [
      ...headers,
      ["server", "Evenkeel"],
      ["x-vercel-id", requestId],
      ["retry-after", String(leftS > 0 ? leftS : usualRetryS)],
    ],
    body,
  );
  return true;
}

const isPass = (given: string, { passHash }: ServedMode): boolean =>
  timingSafeEqual(createHash("sha256").update(given).digest(), Buffer.from(passHash, "hex"));
