import type { Metadata } from "next";
import { auditOf, peopleOf } from "../../../server/access/people-routes.ts";
import { within } from "../../../server/database.ts";
import { assistantsOf, linesOf, settingsOf } from "../../../server/vapi/provider-routes.ts";
import { currentCaller } from "../../parts/current-caller.ts";
import { instant } from "../../parts/words.ts";
import { OrganisationForm } from "./organisation-form.tsx";
import { People } from "./people.tsx";
import { ProviderPanel } from "./provider-panel.tsx";

export const metadata: Metadata = { title: "Settings" };

export default async function Settings() {
  const { organisation, role, id } = await currentCaller();
  const isAdmin = role === "admin";
  const shown = await within(organisation, async (tx) => ({
    assistants: [...(await assistantsOf(tx))],
    lines: [...(await linesOf(tx))],
    settings: await settingsOf(tx),
    people: isAdmin ? [...(await peopleOf(tx))] : [],
    entries: isAdmin ? await auditOf(tx) : [],
  }));
  return (
    <>
      <h1>Settings</h1>
      <ProviderPanel assistants={shown.assistants} lines={shown.lines} />
      {isAdmin && (
        <>
          <OrganisationForm
            name={shown.settings.name}
            lineLimit={shown.settings.lineLimit}
            budget={shown.settings.monthlyBudgetMicrodollars}
          />
          <People people={shown.people} self={id} />
          <section className="panel" aria-labelledby="audit">
            <h2 id="audit">What was done</h2>
            <div className="scroll">
              <table>
                <tbody>
                  {shown.entries.map((entry) => (
                    <tr key={entry.id}>
                      <td>
                        <small>{instant(entry.at)}</small>
                      </td>
                      <td>
                        {entry.actor} {entry.action}
                      </td>
                      <td>
                        <small>{entry.subject}</small>
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          </section>
        </>
      )}
    </>
  );
}
