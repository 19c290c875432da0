import Twilio, { RequestClient } from "twilio";
import type { TestSandbox } from "../testing/test-sandbox.ts";
import { twilio } from "./twilio.ts";

/** Twilio's own SDK, whose documented `httpClient` leads it to the sandbox under Bun; under Node the launcher's lead does, see `packages/host/launcher/outside`. */
export function twilioClient(sandbox: TestSandbox, token?: string): Twilio.Twilio {
  const variables = sandbox.variables(twilio);
  class Led extends RequestClient {
    override request<Data>(options: Parameters<RequestClient["request"]>[0]) {
      const target = new URL(options.uri);
      return super.request<Data>({
        ...(options as object),
        method: options.method,
        uri: `${sandbox.base("twilio")}${target.pathname}${target.search}`,
      });
    }
  }
  return Twilio(variables["TWILIO_ACCOUNT_SID"], token ?? variables["TWILIO_AUTH_TOKEN"], {
    httpClient: new Led(),
  });
}
