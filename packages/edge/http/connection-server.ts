import type { Connection } from "./connection.ts";
import type { HttpLimits } from "./limits.ts";
import type { Refusal } from "./refusal.ts";
import type { ServerExchange } from "./server-exchange.ts";

/** What a connection needs of its server. */
export interface ConnectionServer {
  readonly limits: HttpLimits;
  readonly scheme: "http" | "https";
  /** Every answer is its connection's last. */
  readonly draining: boolean;
  begin(exchange: ServerExchange): void;
  finished(exchange: ServerExchange): void;
  refused(refusal: Refusal): void;
  closed(connection: Connection): void;
}
