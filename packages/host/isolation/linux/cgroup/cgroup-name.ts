import { createHash } from "node:crypto";

/** Our folder in the trees of control groups; one per data directory. */
export const cgroupName = (home: string): string =>
  `evenkeel-${createHash("sha256").update(home).digest("hex").slice(0, 12)}`;
