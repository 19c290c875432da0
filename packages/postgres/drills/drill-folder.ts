import { join } from "node:path";
import type { HomeLayout } from "@evenkeel/model";

/** Of throw-away copies. */
export const drillFolder = (layout: HomeLayout): string => join(layout.postgres, "drills");
