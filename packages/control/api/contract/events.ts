import type { Change } from "../../events/change.ts";
import { events } from "./route.ts";

export type { Change, ChangeKind } from "../../events/change.ts";

export const eventRoutes = {
  /**
   * What has changed of all that the caller may see, until it leaves. Resumes after `Last-Event-ID`; the event `refetch` says that too
   * much was missed. The stream ends now and then, so that rights are asked for again.
   */
  followEvents: events<Change>()({ method: "GET", path: "/api/events", permission: "read" }),
};
