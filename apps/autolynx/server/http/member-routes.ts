import { Hono } from "hono";
import { auditRoutes, peopleRoutes, tokenRoutes } from "../access/people-routes.ts";
import { type CallerVariables, requireCaller } from "../access/require-caller.ts";
import { campaignRoutes } from "../campaigns/campaign-routes.ts";
import { contactRoutes, doNotCallRoutes } from "../contacts/contact-routes.ts";
import { liveStream } from "../live/live-stream.ts";
import { resultRoutes } from "../results/result-routes.ts";
import { providerRoutes } from "../vapi/provider-routes.ts";
import { refused, uuid } from "./refused.ts";

/** What is for people who are signed in, and for programs with a token. */
export const memberRoutes = new Hono<CallerVariables>()
  .use(requireCaller)
  .get("/live", (c) => {
    const campaign = c.req.query("campaign");
    if (campaign !== undefined && !uuid.test(campaign)) throw refused("There is no such campaign", 404);
    return liveStream(c.get("caller"), campaign, c.req.raw.signal);
  })
  .route("/campaigns", campaignRoutes)
  .route("/campaigns", contactRoutes)
  .route("/", resultRoutes)
  .route("/", providerRoutes)
  .route("/do-not-call", doNotCallRoutes)
  .route("/people", peopleRoutes)
  .route("/tokens", tokenRoutes)
  .route("/audit", auditRoutes);
