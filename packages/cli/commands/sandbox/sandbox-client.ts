import { type ErrorJson, ReportedError } from "@evenkeel/model";
import { PlatformNotRunningError } from "../../errors.ts";
import { findHome } from "../../platform/home.ts";

/** Asks the sandbox on its socket. @throws PlatformNotRunningError, ReportedError */
export async function askSandbox<Reply>(method: string, path: string, body?: object): Promise<Reply> {
  const layout = findHome();
  let response: Response;
  try {
    response = await fetch(`http://sandbox${path}`, {
      method,
      unix: layout.sandboxSocket,
      ...(body && { body: JSON.stringify(body) }),
    } as RequestInit);
  } catch (error) {
    throw new PlatformNotRunningError(layout.home, error);
  }
  const reply = (await response.json()) as Reply & { error?: ErrorJson };
  if (!response.ok) throw new ReportedError(reply.error!, response.status < 500 ? "user" : "platform");
  return reply;
}
