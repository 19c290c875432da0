import type { Metadata } from "next";
import { within } from "../../server/database.ts";
import { liveOverview } from "../../server/live/live-stream.ts";
import { currentCaller } from "../parts/current-caller.ts";
import { CampaignList } from "./campaign-list.tsx";

export const metadata: Metadata = { title: "Campaigns" };

export default async function Campaigns() {
  const { organisation } = await currentCaller();
  const overview = await within(organisation, liveOverview);
  return <CampaignList first={overview} />;
}
