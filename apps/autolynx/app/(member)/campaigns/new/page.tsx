import type { Metadata } from "next";
import { within } from "../../../../server/database.ts";
import { environment } from "../../../../server/environment.ts";
import { assistantsOf, linesOf } from "../../../../server/vapi/provider-routes.ts";
import { currentCaller } from "../../../parts/current-caller.ts";
import { CampaignForm } from "./campaign-form.tsx";

export const metadata: Metadata = { title: "New campaign" };

export default async function NewCampaign() {
  const { organisation } = await currentCaller();
  const [assistants, lines] = await within(
    organisation,
    async (tx) => [[...(await assistantsOf(tx))], [...(await linesOf(tx))]] as const,
  );
  const { DEFAULT_CONCURRENCY_CAP, VAPI_PHONE_NUMBER_ID } = environment();
  return (
    <>
      <h1>New campaign</h1>
      <CampaignForm
        assistants={assistants.map(({ id, name }) => ({ id, name }))}
        lines={lines.map(({ id, number, name, health }) => ({
          id,
          health,
          name: `${number ?? "without a number"}${name ? ` (${name})` : ""}`,
        }))}
        cap={DEFAULT_CONCURRENCY_CAP}
        line={VAPI_PHONE_NUMBER_ID ?? ""}
        zones={Intl.supportedValuesOf("timeZone")}
      />
    </>
  );
}
