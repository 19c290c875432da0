import type { IncidentInFull } from "@evenkeel/control/api/contract/index";
import { type FormEvent, useState } from "react";
import { call } from "../../api/call.ts";
import { useAct } from "../../api/use-api.ts";
import { useViewer } from "../../api/viewer.ts";
import { Fault } from "../../kit/answer.tsx";
import { Button } from "../../kit/button.tsx";
import { Card } from "../../kit/card.tsx";
import { Field, Input, Select, TextArea } from "../../kit/field.tsx";

type Deed = "acknowledgeIncident" | "updateIncident" | "resolveIncident";
const phases = ["investigating", "identified", "monitoring"] as const;

/**
 * Says something, or sees to it. Each act names the revision that was seen when one began to write; where somebody else was quicker, that is said
 * with what they changed, and what was typed stays.
 */
export function IncidentActions({ incident }: { incident: IncidentInFull }) {
  const { id, app, state, revision, phase } = incident;
  const viewer = useViewer();
  const refused = viewer.refusal("release", app);
  const [message, setMessage] = useState("");
  const [nextPhase, setPhase] = useState("");
  const [followUp, setFollowUp] = useState("");
  const [isPublic, setPublic] = useState(false);
  /** What the page showed when one began to write. */
  const [begun, setBegun] = useState<{ revision: number; phase: string }>();
  const seen = begun ?? { revision, phase };
  const act = useAct(
    (deed: Deed) => {
      const of = { incident: String(id), seenRevision: seen.revision, message: message || undefined };
      if (deed !== "updateIncident") return call(deed, of);
      const to = phases.find((each) => each === nextPhase);
      return call(deed, { ...of, isPublic, ...(to && { phase: to }), followUp: followUp || undefined });
    },
    () => {
      setMessage("");
      setFollowUp("");
      setPhase("");
      setBegun(undefined);
    },
  );
  const hasMoved =
    act.error?.code === "incident_moved" || (begun !== undefined && begun.revision !== revision);
  const write = (set: (value: string) => void) => (value: string) => {
    setBegun((before) => before ?? { revision, phase });
    set(value);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (refused === undefined && !hasMoved) act.mutate("updateIncident");
  };
  if (state === "resolved") return null;
  const [newest] = incident.timeline.slice(-1);
  return (
    <Card title="Say what is known">
      <form onSubmit={submit} className="flex flex-col gap-3">
        <TextArea
          aria-label="Update"
          placeholder="What is known, and what happens next"
          value={message}
          onChange={({ target }) => write(setMessage)(target.value)}
        />
        <div className="flex flex-wrap items-end gap-3">
          <Field label="Phase">
            <Select value={nextPhase} onChange={({ target }) => write(setPhase)(target.value)}>
              <option value="">{phase} (as it is)</option>
              {phases
                .filter((each) => each !== phase)
                .map((each) => (
                  <option key={each}>{each}</option>
                ))}
            </Select>
          </Field>
          <div className="min-w-48 flex-1">
            <Field label="To do afterwards">
              <Input
                value={followUp}
                maxLength={500}
                onChange={({ target }) => write(setFollowUp)(target.value)}
              />
            </Field>
          </div>
          <label className="flex h-8 items-center gap-2 text-sm">
            <input type="checkbox" checked={isPublic} onChange={({ target }) => setPublic(target.checked)} />
            Public
          </label>
        </div>
        {hasMoved ? (
          <div role="alert" className="rounded-lg border border-line bg-warn-soft p-3 text-sm">
            <p className="font-medium">Somebody else was quicker; it is at revision {revision} now.</p>
            <dl className="mt-2 grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-1">
              <dt className="text-quiet">Theirs</dt>
              <dd className="break-words">
                {newest ? `${newest.actor.name}: ${newest.message}` : "–"} ({phase})
              </dd>
              <dt className="text-quiet">Yours</dt>
              <dd className="break-words">
                {message || "–"} ({nextPhase || seen.phase})
              </dd>
            </dl>
            <Button
              size="sm"
              className="mt-2"
              onClick={() => {
                act.reset();
                setBegun({ revision, phase });
              }}
            >
              Go on with mine
            </Button>
          </div>
        ) : (
          act.error && <Fault fault={act.error} />
        )}
        <div className="flex flex-wrap justify-end gap-2">
          {state === "open" && (
            <Button
              icon="user"
              refused={refused}
              busy={act.isPending && act.variables === "acknowledgeIncident"}
              onClick={() => act.mutate("acknowledgeIncident")}
            >
              I see to it
            </Button>
          )}
          <Button
            icon="check"
            refused={refused}
            busy={act.isPending && act.variables === "resolveIncident"}
            onClick={() => act.mutate("resolveIncident")}
          >
            Resolve
          </Button>
          <Button
            type="submit"
            look="primary"
            refused={
              refused ?? (message || nextPhase || followUp ? undefined : "There is nothing to say yet")
            }
            busy={act.isPending && act.variables === "updateIncident"}
          >
            Update
          </Button>
        </div>
      </form>
    </Card>
  );
}
