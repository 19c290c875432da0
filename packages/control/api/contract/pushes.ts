import type { BuildLogLine } from "@evenkeel/build";
import type { ErrorJson } from "@evenkeel/model";
import { z } from "zod";
import type { Step } from "./deployments.ts";
import { stream } from "./route.ts";

/** To the hook of a push: lines to show, then whether the ref may move. */
export type PushEvent =
  | { type: "log"; line: BuildLogLine }
  | { type: "step"; step: Step }
  | { type: "note"; text: string }
  | { type: "accepted" }
  | { type: "refused"; error: ErrorJson };

export const pushRoutes = {
  /** One ref of a git push under way: deploys it and tells its progress. */
  receivePush: stream<PushEvent>()({
    method: "POST",
    path: "/api/pushes/:push/refs",
    permission: "push",
    params: z.object({ push: z.string() }),
    body: z.strictObject({
      ref: z.string().max(1_000),
      /** All zeroes: the ref is new, or is to be deleted. */
      oldSha: z.string().regex(/^[0-9a-f]{40,64}$/),
      newSha: z.string().regex(/^[0-9a-f]{40,64}$/),
    }),
  }),
};
