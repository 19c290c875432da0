import type { Metadata } from "next";
import { within } from "../../../server/database.ts";
import { callList } from "../../../server/results/result-routes.ts";
import { CallTable } from "../../parts/call-table.tsx";
import { currentCaller } from "../../parts/current-caller.ts";

export const metadata: Metadata = { title: "Search" };

export default async function Search({ searchParams }: { searchParams: Promise<{ q?: string | string[] }> }) {
  const { organisation } = await currentCaller();
  const { q } = await searchParams;
  const words = (Array.isArray(q) ? q[0] : q)?.trim().slice(0, 200) ?? "";
  const calls = words === "" ? [] : await within(organisation, (tx) => callList(tx, { words }));
  return (
    <>
      <h1>Search what was said</h1>
      <form className="row">
        <input
          name="q"
          type="search"
          defaultValue={words}
          aria-label="Words"
          placeholder={'tomorrow -"call back"'}
          style={{ maxWidth: "28rem" }}
        />
        <button type="submit">Search</button>
      </form>
      {words === "" ? (
        <div className="panel empty">
          <p>
            Transcripts and summaries of all calls are searched. “Quotes” keep words together, a minus leaves
            some out.
          </p>
        </div>
      ) : calls.length === 0 ? (
        <div className="panel empty">
          <p>Nobody said that.</p>
        </div>
      ) : (
        <section className="panel">
          <CallTable calls={calls} />
        </section>
      )}
    </>
  );
}
