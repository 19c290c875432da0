import type { RunbookClause, RunbookInForce } from "@evenkeel/control/api/contract/index";
import { useState } from "react";
import { useAppEnvironment } from "../../api/environment.ts";
import { useApi } from "../../api/use-api.ts";
import { Answer, Empty } from "../../kit/answer.tsx";
import { Card, Stat, Stats } from "../../kit/card.tsx";
import { classes } from "../../kit/classes.ts";
import { Copyable } from "../../kit/copy.tsx";
import { Choice } from "../../kit/field.tsx";
import { Page } from "../../kit/page.tsx";
import { EnvironmentChoice } from "../../shell/environment-choice.tsx";
import { Clause } from "./clause.tsx";
import { Decisions } from "./decisions.tsx";
import { Simulate } from "./simulate.tsx";

const views = [
  ["clauses", "Clauses"],
  ["decisions", "Decisions"],
  ["simulate", "Simulate"],
  ["text", "Text"],
] as const;

/** What was promised, whether it is kept, and what was done when it was not. */
export function RunbookPage() {
  const { app, environment } = useAppEnvironment();
  const of = environment === "staging" ? "staging" : "production";
  const runbook = useApi("getRunbook", { app, environment: of }, { everyMs: 10_000 });
  const [view, setView] = useState<(typeof views)[number][0]>("clauses");
  return (
    <Page
      title="Runbook"
      about="Each promise with what enforces it, its state at this moment, and the evidence."
      actions={<EnvironmentChoice without={["preview"]} />}
    >
      <Answer query={runbook} rows={8} unless={{ runbook_missing: <None />, nothing_released: <None /> }}>
        {(known) => (
          <>
            <Coverage clauses={known.clauses} />
            <Choice label="View" value={view} options={views} onChange={setView} />
            {view === "clauses" && <Clauses clauses={known.clauses} />}
            {view === "decisions" && <Decisions app={app} environment={of} />}
            {view === "simulate" && <Simulate app={app} environment={of} />}
            {view === "text" && <Text runbook={known} />}
          </>
        )}
      </Answer>
    </Page>
  );
}

function None() {
  return (
    <section className="rounded-lg border border-line bg-panel">
      <Empty icon="book" title="No runbook is in force here">
        <p>
          A <code className="font-mono text-xs">runbook.ts</code> beside the app is its policy as plain data:
          what rolls a release back, what a deploy has to pass, how often backups are proven. It is in force
          with the next release.
        </p>
        <p className="mt-4">
          <Copyable text="evenkeel runbook init" />
        </p>
      </Empty>
    </section>
  );
}

const byHand = (clause: RunbookClause) => clause.enforcedBy === "person" || clause.enforcedBy === "nothing";

function Coverage({ clauses }: { clauses: RunbookClause[] }) {
  const breached = clauses.filter(({ state }) => state === "breached").length;
  const unknown = clauses.filter(({ state }) => state === "unknown" || state === "error").length;
  const people = clauses.filter(byHand).length;
  const overdue = clauses.filter((clause) => clause.overdue).length;
  return (
    <Stats>
      <Stat label="Clauses">{clauses.length}</Stat>
      <Stat label="Enforced">{clauses.length - people}</Stat>
      <Stat label="Breached now">
        <span className={classes(breached > 0 && "text-bad")}>{breached}</span>
      </Stat>
      <Stat label="Not known now">{unknown}</Stat>
      <Stat label="Left to people" note={overdue > 0 ? `${overdue} overdue` : undefined}>
        {people}
      </Stat>
    </Stats>
  );
}

function Clauses({ clauses }: { clauses: RunbookClause[] }) {
  const kinds = [...new Set(clauses.map(({ kind }) => kind))];
  return kinds.map((kind) => (
    <Card key={kind} title={words(kind)} flush>
      <ul>
        {clauses
          .filter((clause) => clause.kind === kind)
          .map((clause) => (
            <Clause key={clause.id} clause={clause} />
          ))}
      </ul>
    </Card>
  ));
}

/** `rollbackTriggers` → `Rollback triggers`. */
const words = (kind: string): string =>
  kind
    .replace(/([A-Z])/g, (letter) => ` ${letter.toLowerCase()}`)
    .replace(/^./, (letter) => letter.toUpperCase());

function Text({ runbook: { file, text } }: { runbook: RunbookInForce }) {
  return (
    <Card title={file} flush>
      <ol className="overflow-x-auto py-3 font-mono text-xs leading-5">
        {text.split("\n").map((line, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: lines of a text
          <li key={index} className="flex gap-4 px-4 whitespace-pre">
            <span className="tabular w-8 shrink-0 text-right text-faint select-none">{index + 1}</span>
            {line}
          </li>
        ))}
      </ol>
    </Card>
  );
}
