import type { AppName, EnvironmentName } from "@evenkeel/model";
import type { LogLevel } from "../line/log-level.ts";
import type { LogLine } from "../line/log-line.ts";

/**
 * - `http`: newline-delimited JSON, one line of the log each, by POST.
 * - `otlp`: OTLP/HTTP in JSON, by POST to `<url>/v1/logs`: https://opentelemetry.io/docs/specs/otlp/#otlphttp
 * - `syslog`: RFC 5424 over TCP (`syslog://host:601`) or TLS (`syslogs://host:6514`), messages framed by their length (RFC 6587, 3.4.1).
 */
export type DrainKind = "http" | "otlp" | "syslog";

export interface DrainTarget {
  kind: DrainKind;
  url: string;
  /** Of HTTP; may hold secrets. */
  headers: Record<string, string>;
  /** PEM of the authority that its certificate is checked by, in place of the system's. */
  ca?: string;
  /** Whether it may be on this machine itself. */
  isLocal: boolean;
}

/** Where lines of an app are sent on to. */
export interface Drain extends DrainTarget {
  id: string;
  app: AppName;
  /** Absent: all. */
  environment?: EnvironmentName;
  /** This and all more severe. */
  level?: LogLevel;
}

/** One way of sending, with what it keeps open. */
export interface DrainShipper {
  /** Resolves when they are delivered, as far as the protocol tells. */
  send(lines: LogLine[], app: AppName): Promise<void>;
  /** Throws when the connection has broken since. */
  check(): void;
  /** A protocol without answers: lines count as delivered when the connection has lived for so long after them. */
  readonly settleMs: number;
  close(): void;
}
