import { join } from "node:path";
import type { HomeLayout } from "@evenkeel/model";

/** In a drill's folder: leads to the sockets of its servers, which need a shorter path. */
export const runLink = "run";

/** Of throw-away copies. */
export const drillFolder = (layout: HomeLayout): string => join(layout.postgres, "drills");
