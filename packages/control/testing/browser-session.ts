import type { ControlClient } from "../client/index.ts";
import { ApiError } from "../errors.ts";
import type { TestControl } from "./test-control.ts";

/** Asks as a browser does: with its cookies, its origin and its name. */
export class BrowserSession {
  readonly cookies = new Map<string, string>();
  userAgent = "Mozilla/5.0 (X11; Linux x86_64) Chrome/142.0.0.0";
  address = "192.0.2.7";
  host: string;
  origin: string | undefined;

  constructor(private readonly control: TestControl) {
    this.host = `localhost:${control.edge.port}`;
    this.origin = `http://${this.host}`;
  }

  async ask<Reply>(
    method: string,
    path: string,
    body?: object,
    headers: Record<string, string> = {},
  ): Promise<Reply> {
    const response = await this.send(method, path, body, headers);
    const json = await response.json();
    if (!response.ok) throw new ApiError((json as { error: never }).error, response.status);
    return json as Reply;
  }

  async send(
    method: string,
    path: string,
    body?: object,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    const response = await fetch(this.request(method, path, body, headers), {
      unix: this.control.layout.controlSocket,
    } as RequestInit);
    for (const text of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(text)!;
      if (value === "" || /max-age=0/i.test(text)) this.cookies.delete(name!);
      else this.cookies.set(name!, value!);
    }
    return response;
  }

  /** As it would be sent. */
  request(method: string, path: string, body?: object, headers: Record<string, string> = {}): Request {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    return new Request(`http://localhost${path}`, {
      method,
      headers: {
        ...{ host: this.host, "user-agent": this.userAgent, "x-forwarded-for": this.address },
        ...(cookie && { cookie }),
        ...(this.origin !== undefined && { origin: this.origin }),
        ...headers,
      },
      body: body === undefined ? null : JSON.stringify(body),
    });
  }
}

export const goodPassword = "ferry orbit mustard tunnel 7";

/** Makes an account by a link and signs in. */
export async function joinBy(
  control: TestControl,
  link: string,
  { email, name = "Ada" }: { email: string; name?: string },
): Promise<BrowserSession> {
  const browser = new BrowserSession(control);
  const secret = new URL(link).hash.slice(1);
  await browser.ask("POST", "/api/join", { secret, name, email, password: goodPassword });
  return browser;
}

/** The first owner. */
export async function joinAsOwner(control: TestControl, email = "ada@example.com"): Promise<BrowserSession> {
  return joinBy(control, (await control.client().makeOwnerLink()).link, { email });
}

/** Somebody with these roles. */
export async function joinAs(
  control: TestControl,
  email: string,
  roles: Parameters<ControlClient["invite"]>[0]["roles"],
): Promise<BrowserSession> {
  return joinBy(control, (await control.client().invite({ email, roles })).link, { email });
}
