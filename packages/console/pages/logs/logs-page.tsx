import type { LogLine } from "@evenkeel/control/api/contract/index";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useDeferredValue, useEffect, useState } from "react";
import { environments, useAppEnvironment } from "../../api/environment.ts";
import { Empty, Fault, Skeleton } from "../../kit/answer.tsx";
import { Button } from "../../kit/button.tsx";
import { classes } from "../../kit/classes.ts";
import { Input, Select } from "../../kit/field.tsx";
import { Page } from "../../kit/page.tsx";
import { Rows } from "../../kit/rows.tsx";
import { LogRow } from "./log-row.tsx";
import { useLogs } from "./use-logs.ts";

const levels = ["debug", "info", "warn", "error"] as const;
const waitMs = 250;

/** What the app printed, newest first, as it prints it. */
export function LogsPage() {
  const { app } = useAppEnvironment();
  const { q = "", env } = useSearch({ from: "/shell/apps/$app" });
  const navigate = useNavigate();
  const [typed, setTyped] = useState(q);
  const [level, setLevel] = useState("");
  const [isLive, setLive] = useState(true);
  useEffect(() => {
    if (typed === q) return;
    const timer = setTimeout(
      () =>
        void navigate({
          to: ".",
          search: (before: object) => ({ ...before, q: typed || undefined }),
          replace: true,
        }),
      waitMs,
    );
    return () => clearTimeout(timer);
  }, [typed, q, navigate]);
  const { lines, fault, isReading, isWhole, more, missed } = useLogs({
    ...{ app, isLive, text: q, level },
    environment: environments.find((each) => each === env),
  });
  const shown = useDeferredValue(lines);
  return (
    <Page
      title="Logs"
      about="Redacted before they are written down: addresses, tokens and values of secrets never stand here."
      actions={
        <Button icon={isLive ? "pause" : "play"} onClick={() => setLive(!isLive)} aria-pressed={isLive}>
          {isLive ? "Live" : "Paused"}
        </Button>
      }
    >
      <div className="flex flex-wrap gap-2">
        <Input
          type="search"
          aria-label="Search the logs"
          placeholder="Search in lines and fields"
          wide="min-w-48 flex-1"
          value={typed}
          onChange={({ target }) => setTyped(target.value)}
        />
        <Select aria-label="Least level" value={level} onChange={({ target }) => setLevel(target.value)}>
          <option value="">All levels</option>
          {levels.map((each) => (
            <option key={each} value={each}>
              {each} and graver
            </option>
          ))}
        </Select>
        <Select
          aria-label="Environment"
          value={env ?? ""}
          onChange={({ target }) =>
            void navigate({
              to: ".",
              search: (before: object) => ({ ...before, env: target.value || undefined }),
              replace: true,
            })
          }
        >
          <option value="">All environments</option>
          {environments.map((each) => (
            <option key={each} value={each}>
              {each}
            </option>
          ))}
        </Select>
      </div>
      {fault && <Fault fault={fault} />}
      {missed > 0 && (
        <p role="status" className="text-sm text-quiet">
          {missed} newer lines came faster than this page shows them; the search finds them.
        </p>
      )}
      <section
        className={classes(
          "overflow-hidden rounded-lg border border-line bg-panel",
          isReading && "opacity-80",
        )}
      >
        {shown.length > 0 ? (
          <Rows
            label="Log lines"
            items={shown}
            keyOf={({ id }: LogLine) => id}
            heightPx={29}
            {...(isWhole ? {} : { onEnd: more })}
          >
            {(line) => <LogRow line={line} />}
          </Rows>
        ) : isReading ? (
          <Skeleton rows={8} />
        ) : (
          <Empty icon="lines" title={q || level ? "No line is like that" : "It has printed nothing yet"}>
            <p>
              {q || level
                ? "Try fewer words, or a lower level."
                : "What the app writes to its output comes here within a second."}
            </p>
          </Empty>
        )}
      </section>
    </Page>
  );
}
