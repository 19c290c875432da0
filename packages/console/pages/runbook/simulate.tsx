import type { RunbookSimulation } from "@evenkeel/control/api/contract/index";
import { useState } from "react";
import { call } from "../../api/call.ts";
import { useAct } from "../../api/use-api.ts";
import { Fault } from "../../kit/answer.tsx";
import { Button } from "../../kit/button.tsx";
import { Card } from "../../kit/card.tsx";
import { Field, Select } from "../../kit/field.tsx";
import { duration, plural } from "../../kit/format.ts";
import { Table } from "../../kit/table.tsx";
import { When } from "../../kit/time.tsx";

const spans = [
  ["900000", "15 minutes"],
  ["3600000", "hour"],
  ["21600000", "6 hours"],
  ["86400000", "day"],
] as const;

/** What the runbook would have decided of what was recorded. Nothing is done. */
export function Simulate({ app, environment }: { app: string; environment: "production" | "staging" }) {
  const [span, setSpan] = useState("3600000");
  const act = useAct(() => {
    const toMs = Date.now();
    return call("simulateRunbook", { app, environment, fromMs: toMs - Number(span), toMs });
  });
  return (
    <>
      <Card title="Replay what was measured" note="nothing is done">
        <div className="flex flex-wrap items-end gap-3">
          <Field label="Of the last">
            <Select value={span} onChange={({ target }) => setSpan(target.value)}>
              {spans.map(([ms, word]) => (
                <option key={ms} value={ms}>
                  {word}
                </option>
              ))}
            </Select>
          </Field>
          <Button look="primary" icon="play" busy={act.isPending} onClick={() => act.mutate(undefined)}>
            Simulate
          </Button>
        </div>
        {act.error && (
          <div className="mt-4">
            <Fault fault={act.error} />
          </div>
        )}
      </Card>
      {act.data && <Result simulation={act.data} />}
    </>
  );
}

function Result({ simulation: { decisions, seconds, states } }: { simulation: RunbookSimulation }) {
  return (
    <>
      <Card
        title={
          decisions.length === 0 ? "Nothing would have been decided" : plural(decisions.length, "decision")
        }
        note={`${duration(seconds * 1_000)} of signals`}
        flush
      >
        {decisions.length > 0 && (
          <Table
            label="Decisions"
            items={decisions}
            keyOf={({ atMs, clause }) => `${atMs} ${clause}`}
            columns={[
              { title: "At", cell: ({ atMs }) => <When ms={atMs} only="clock" /> },
              { title: "Action", cell: ({ action }) => action.replaceAll("_", " ") },
              { title: "Clause", cell: ({ clause }) => <span className="font-mono text-xs">{clause}</span> },
              { title: "Because", cell: ({ says }) => says, minor: true },
            ]}
          />
        )}
      </Card>
      <Card title="How long each clause was in which state" flush>
        <Table
          label="States"
          items={Object.entries(states)}
          keyOf={([clause]) => clause}
          columns={[
            { title: "Clause", cell: ([clause]) => <span className="font-mono text-xs">{clause}</span> },
            ...(["ok", "breached", "unknown", "error"] as const).map((state) => ({
              title: { ok: "Kept", breached: "Breached", unknown: "Not known", error: "Error" }[state],
              right: true,
              cell: ([, of]: [string, Partial<Record<string, number>>]) =>
                of[state] ? duration(of[state] * 1_000) : "–",
            })),
          ]}
        />
      </Card>
    </>
  );
}
