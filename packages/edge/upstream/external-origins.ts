import { UpstreamError } from "../errors.ts";
import { UpstreamOrigin } from "./origin.ts";

/** Origins that requests name are kept by their use, the oldest goes first. */
const keptOrigins = 256;

/** The origins of external rewrites and images: one `UpstreamOrigin` per scheme, host and port, so that connections are used again. */
export class ExternalOrigins {
  private readonly origins = new Map<string, UpstreamOrigin>();

  /** @param ca PEM; replaces the system's authorities, for tests and private networks. */
  constructor(private readonly ca?: string) {}

  /**
   * @param url absolute, `http:` or `https:`; its path does not matter.
   * @throws UpstreamError for another scheme or no URL.
   */
  of(url: string | URL): UpstreamOrigin {
    const parsed = URL.canParse(String(url)) ? new URL(String(url)) : undefined;
    if (parsed === undefined || (parsed.protocol !== "https:" && parsed.protocol !== "http:")) {
      throw new UpstreamError(
        "invalid_request",
        `${JSON.stringify(String(url).slice(0, 200))} is not an http or https URL`,
      );
    }
    const key = parsed.origin;
    let origin = this.origins.get(key);
    if (origin !== undefined) this.origins.delete(key);
    else {
      const tls = parsed.protocol === "https:";
      const port = parsed.port === "" ? (tls ? 443 : 80) : Number(parsed.port);
      // Other people's servers close idle connections soon and without a word: those used seldom are not kept.
      origin = new UpstreamOrigin(
        { hostname: parsed.hostname, port, tls, ca: this.ca },
        { name: key, idleTimeoutMs: 4_000, idleLimit: 32 },
      );
    }
    this.origins.set(key, origin);
    if (this.origins.size > keptOrigins) {
      const [oldest, unused] = this.origins.entries().next().value!;
      this.origins.delete(oldest);
      unused.close();
    }
    return origin;
  }

  close(): void {
    for (const origin of this.origins.values()) origin.close();
    this.origins.clear();
  }
}
