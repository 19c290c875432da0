import type { Deployment } from "@evenkeel/control/api/contract/index";
import { Card } from "../../kit/card.tsx";
import { classes } from "../../kit/classes.ts";
import { duration } from "../../kit/format.ts";
import { Icon } from "../../kit/icon.tsx";
import { stepStates } from "../../kit/states.ts";
import { useNow } from "../../kit/time.tsx";

const about: Record<string, string> = {
  source: "Unpack the source",
  build: "Build",
  gates: "Checks before the release",
  import: "Store the output",
  check: "Check variables and budgets",
  migrate: "Migrate the database",
  prepare: "Start an instance",
  smoke: "Ask it for an answer",
  tests: "End-to-end tests",
  canary: "Canary",
  switch: "Switch the alias",
  confirm: "Wait for its first answer",
};

const inks = {
  good: "text-good",
  bad: "text-bad",
  info: "text-info",
  warn: "text-warn",
  quiet: "text-faint",
};

export function Steps({ deployment: { steps, gates } }: { deployment: Deployment }) {
  const now = useNow();
  return (
    <Card title="Steps">
      <ol className="flex flex-col gap-2">
        {steps.map(({ name, state, startedAtMs, endedAtMs, error }) => {
          const shown = stepStates[state];
          return (
            <li key={name} className="text-sm">
              <span
                className={classes(
                  "flex items-center gap-2",
                  (state === "skipped" || state === "waiting") && "text-quiet",
                )}
              >
                <Icon
                  name={
                    shown.icon ??
                    ({ good: "check", bad: "cross", info: "play", warn: "alert", quiet: "minus" } as const)[
                      shown.tone
                    ]
                  }
                  size={14}
                  className={classes("shrink-0", inks[shown.tone], shown.moving && "breathe")}
                />
                <span className="min-w-0 flex-1 truncate">{about[name] ?? name}</span>
                <span className="tabular text-xs text-quiet">
                  {state === "skipped"
                    ? "skipped"
                    : startedAtMs === undefined
                      ? ""
                      : duration(Math.max(0, (endedAtMs ?? now) - startedAtMs))}
                </span>
                <span className="sr-only">{shown.word}</span>
              </span>
              {error && <p className="mt-1 pl-5.5 text-xs break-words text-bad">{error.message}</p>}
            </li>
          );
        })}
      </ol>
      {gates.length > 0 && (
        <ul aria-label="Checks" className="mt-4 flex flex-col gap-1.5 border-t border-line pt-3 text-sm">
          {gates.map(({ name, state, error }) => (
            <li key={name}>
              <span className="flex items-center gap-2">
                <Icon
                  name={state === "passed" ? "check" : state === "failed" ? "cross" : "play"}
                  size={14}
                  className={
                    state === "passed" ? "text-good" : state === "failed" ? "text-bad" : "breathe text-info"
                  }
                />
                <span className="truncate">{name}</span>
                <span className="ml-auto text-xs text-quiet">{state}</span>
              </span>
              {error && <p className="mt-1 pl-5.5 text-xs break-words text-bad">{error.message}</p>}
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}
