import { STATUS_CODES } from "node:http";
import type { Exchange } from "../http/exchange.ts";
import type { FunctionFailure } from "./function-failure.ts";
import { renderPlatformPage } from "./platform-page.ts";
import type { RequestState } from "./request-state.ts";

/** Answers with the platform's own small page about a failed request of a deployment. */
export function answerWithPlatformPage(
  exchange: Exchange,
  state: RequestState,
  failure: FunctionFailure,
): void {
  const { deployment, requestId, served } = state;
  state.failure ??= failure;
  const isProduction = deployment.environment === "production";
  const reason = failure.detail?.message ? ` ${failure.detail.message}` : "";
  const { headers, body } = renderPlatformPage(
    {
      status: failure.status,
      code: failure.code,
      title: failure.title ?? STATUS_CODES[failure.status] ?? "Error",
      // What an app says of its fault helps those who build it; visitors of production learn only that there was one.
      message: `${failure.message}${isProduction ? "" : reason}`,
      hint: isProduction ? undefined : (failure.detail?.hint ?? failure.hint),
      requestId: `${requestId} · ${deployment.app} ${deployment.id}`,
    },
    exchange.header("accept"),
  );
  exchange.respond(
    failure.status,
    [...headers, ["x-vercel-id", requestId], ...served.ownHeaders],
    exchange.method === "HEAD" ? undefined : body,
  );
}

export const notFound: FunctionFailure = {
  status: 404,
  code: "NOT_FOUND",
  title: "Not Found",
  message: "This page does not exist in this deployment.",
};
