/** What a handler may know of the request itself, and what it may add to the answer. */
export class RequestSide {
  /** To be sent along, `set-cookie` above all. */
  readonly answerHeaders = new Headers();

  constructor(private readonly request: Request) {}

  /** The command line on the machine itself, over its socket. */
  static local(headers: Record<string, string> = {}): RequestSide {
    return new RequestSide(new Request("http://localhost/", { headers }));
  }

  get method(): string {
    return this.request.method;
  }

  get headers(): Headers {
    return this.request.headers;
  }

  header(name: string): string | undefined {
    return this.request.headers.get(name) ?? undefined;
  }

  /** Where the request comes from, as the edge saw it; it drops what clients say themselves. */
  get address(): string {
    return this.header("x-forwarded-for") ?? "local";
  }

  setCookies(cookies: readonly string[]): void {
    for (const cookie of cookies) this.answerHeaders.append("set-cookie", cookie);
  }
}
