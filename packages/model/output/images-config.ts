/** `images` of `config.json`: https://vercel.com/docs/build-output-api/v3/configuration#images */
export interface ImagesConfig {
  sizes: number[];
  domains: string[];
  remotePatterns?: RemotePattern[];
  localPatterns?: { pathname?: string; search?: string }[];
  qualities?: number[];
  minimumCacheTTL?: number;
  formats?: ("image/avif" | "image/webp")[];
  dangerouslyAllowSVG?: boolean;
  contentSecurityPolicy?: string;
  contentDispositionType?: string;
}

export interface RemotePattern {
  protocol?: "http" | "https";
  hostname: string;
  port?: string;
  pathname?: string;
  search?: string;
}
