import type { Server } from "node:http";
import { createFunctionServer, type FunctionListener } from "./function-server.ts";
import { FunctionRequest } from "./helpers/function-request.ts";
import { FunctionResponse } from "./helpers/function-response.ts";
import { hasParsableBody, receiveBody } from "./helpers/request-body.ts";

/** `(req, res) => …` as the module exports it. */
export function serveNodeFunction(listener: FunctionListener, shouldAddHelpers: boolean): Server {
  if (!shouldAddHelpers) return createFunctionServer(listener);
  const withHelpers: FunctionListener = (request, response) =>
    hasParsableBody(request)
      ? new Promise<void>((resolve) => receiveBody(request, resolve)).then(() => listener(request, response))
      : listener(request, response);
  return createFunctionServer(withHelpers, {
    IncomingMessage: FunctionRequest,
    ServerResponse: FunctionResponse,
  });
}
