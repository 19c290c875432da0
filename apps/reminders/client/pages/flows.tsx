import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { Link } from "wouter";
import { checkFlow } from "../../server/flows/check-flow.ts";
import type { Flow } from "../../server/flows/flow.ts";
import { segmentsOf } from "../../server/messages/segments.ts";
import { ask } from "../ask.ts";
import { FlowMap } from "../parts/flow-map.tsx";
import { PhonePreview } from "../parts/phone-preview.tsx";
import { Failure, Loading } from "../parts/states.tsx";

interface Saved {
  id: string;
  name: string;
  version: number;
  definition: Flow;
  underWay: number;
}

export default function Flows({ id }: { id?: string | undefined }) {
  const flows = useQuery({ queryKey: ["flows"], queryFn: () => ask<{ flows: Saved[] }>("/flows") });
  if (flows.isPending) return <Loading />;
  if (flows.isError) return <Failure error={flows.error} />;
  const open = flows.data.flows.find((flow) => flow.id === id) ?? flows.data.flows[0];
  return (
    <>
      <div className="heading">
        <h1>Flows</h1>
        <nav className="row" aria-label="Flows">
          {flows.data.flows.map((flow) => (
            <Link
              key={flow.id}
              href={`/flows/${flow.id}`}
              aria-current={flow.id === open?.id ? "page" : undefined}
            >
              {flow.name}
            </Link>
          ))}
        </nav>
      </div>
      {open && <Editor key={`${open.id}/${open.version}`} of={open} />}
    </>
  );
}

function Editor({ of }: { of: Saved }) {
  const queries = useQueryClient();
  const [text, setText] = useState(() => JSON.stringify(of.definition, null, 2));
  const [language, setLanguage] = useState("en");
  const checked = useMemo(() => check(text), [text]);
  const save = useMutation({
    mutationFn: () =>
      ask(`/flows/${of.id}`, "PUT", {
        id: of.id,
        name: of.name,
        definition: JSON.parse(text),
        basedOn: of.version,
      }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["flows"] }),
  });
  const changed = text !== JSON.stringify(of.definition, null, 2);
  const longest = checked.flow ? longestText(checked.flow) : undefined;
  return (
    <div className="editor">
      <section className="panel column">
        <h2>
          {of.name}, version {of.version}
        </h2>
        <p>
          <small>
            {of.underWay} conversations are under way; they end on the version they began with.
            {longest && ` The longest text takes ${longest.count} segments in ${longest.encoding}.`}
          </small>
        </p>
        {checked.flow && <FlowMap of={checked.flow} />}
        <label>
          Definition
          <textarea
            spellCheck={false}
            rows={24}
            value={text}
            onChange={(event) => setText(event.target.value)}
            aria-invalid={checked.faults.length > 0}
          />
        </label>
        {checked.faults.length > 0 && (
          <div className="failure" role="alert">
            <strong>This cannot be saved yet</strong>
            <ul>
              {checked.faults.map(({ path, message }) => (
                <li key={path + message}>
                  <code>{path}</code> {message}
                </li>
              ))}
            </ul>
          </div>
        )}
        <Failure error={save.error} />
        <div className="row">
          <button
            type="button"
            disabled={!changed || !checked.flow || save.isPending}
            onClick={() => save.mutate()}
          >
            Save as version {of.version + 1}
          </button>
          {changed && (
            <button
              type="button"
              className="quiet"
              onClick={() => setText(JSON.stringify(of.definition, null, 2))}
            >
              Undo
            </button>
          )}
        </div>
      </section>
      <PhonePreview flow={checked.flow} language={language} onLanguage={setLanguage} />
    </div>
  );
}

function check(text: string): { flow?: Flow | undefined; faults: { path: string; message: string }[] } {
  try {
    return checkFlow(JSON.parse(text));
  } catch (error) {
    return { faults: [{ path: "", message: `This is not JSON: ${(error as Error).message}` }] };
  }
}

function longestText(flow: Flow) {
  const texts = Object.values(flow.states).flatMap((state) => Object.values(state.say ?? {}));
  return texts.map(segmentsOf).sort((a, b) => b.count - a.count)[0];
}
