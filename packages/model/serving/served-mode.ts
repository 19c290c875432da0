import type { AppName } from "../ids.ts";
import type { EnvironmentName } from "./serving-state.ts";

/** An app environment that is in maintenance: edges answer in its place. */
export interface ServedMode {
  app: AppName;
  environment: EnvironmentName;
  /** For visitors. */
  message: string;
  /** When it is to be over; absent: nobody has said. */
  untilMs?: number;
  /** Prefixes of paths that go on: `/api/login`. */
  essential: string[];
  /** SHA-256, hex, of what lets operators pass. */
  passHash: string;
}

/** With the pass as its value, as a query parameter or as a cookie. */
export const passName = "evenkeel-pass";
