import type { RunbookClause } from "@evenkeel/control/api/contract/index";
import { StateBadge } from "../../kit/state-badge.tsx";
import { clauseStates } from "../../kit/states.ts";
import { Badge } from "../../kit/status.tsx";
import { Ago, When } from "../../kit/time.tsx";

const enforcers: Record<RunbookClause["enforcedBy"], string> = {
  watcher: "Watched every second",
  pipeline: "By each deploy",
  release: "With the release",
  platform: "By the platform",
  person: "By people",
  nothing: "By nothing",
};

export function Clause({ clause }: { clause: RunbookClause }) {
  const { id, says, line, enforcedBy, how, byHand, overdue, exercised, last, state, sinceMs } = clause;
  return (
    <li className="border-b border-line last:border-0">
      <details className="group">
        <summary className="grid list-none grid-cols-[minmax(0,1fr)_auto] items-center gap-x-4 gap-y-1 px-4 py-2.5 hover:bg-raised/50">
          <span className="min-w-0">
            <span className="block text-sm break-words">{says}</span>
            <span className="block truncate font-mono text-xs text-faint">{id}</span>
          </span>
          <span className="flex flex-col items-end gap-1">
            {state !== undefined ? (
              <StateBadge shown={clauseStates[state]} />
            ) : overdue ? (
              <Badge tone="bad">Overdue</Badge>
            ) : byHand ? (
              <Badge tone="warn" icon="user">
                By hand
              </Badge>
            ) : enforcedBy === "nothing" ? (
              <Badge tone="bad">Not enforced</Badge>
            ) : (
              <Badge tone="good" icon="shield">
                Enforced
              </Badge>
            )}
            {sinceMs !== undefined && (
              <span className="text-xs text-faint">
                <Ago ms={sinceMs} />
              </span>
            )}
          </span>
        </summary>
        <dl className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-6 gap-y-1.5 bg-raised/40 px-4 py-3 text-sm">
          <dt className="text-quiet">Enforced</dt>
          <dd>
            {enforcers[enforcedBy]}: {how}
          </dd>
          <dt className="text-quiet">Exercised</dt>
          <dd>{exercised}</dd>
          <dt className="text-quiet">Last</dt>
          <dd>
            {last ? (
              <>
                {last.result}, <Ago ms={last.atMs} />
              </>
            ) : (
              "not yet"
            )}
          </dd>
          {byHand && (
            <>
              <dt className="text-quiet">Who</dt>
              <dd className="break-words">
                {Object.entries(byHand)
                  .map(([name, value]) => `${name}: ${String(value)}`)
                  .join(", ")}
              </dd>
            </>
          )}
          {line > 0 && (
            <>
              <dt className="text-quiet">Stands in</dt>
              <dd>line {line}</dd>
            </>
          )}
          {sinceMs !== undefined && (
            <>
              <dt className="text-quiet">So since</dt>
              <dd>
                <When ms={sinceMs} />
              </dd>
            </>
          )}
        </dl>
      </details>
    </li>
  );
}
