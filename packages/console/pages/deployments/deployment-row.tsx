import type { DeploymentSummary } from "@evenkeel/control/api/contract/index";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { duration } from "../../kit/format.ts";
import { Icon } from "../../kit/icon.tsx";
import { StateBadge } from "../../kit/state-badge.tsx";
import { deploymentStates } from "../../kit/states.ts";
import { Ago } from "../../kit/time.tsx";

export function DeploymentRow({ deployment, mark }: { deployment: DeploymentSummary; mark?: ReactNode }) {
  const { id, app, environment, state, branch, git, createdAtMs, createdBy, readyAtMs, error } = deployment;
  const title = git?.message?.split("\n")[0] ?? (error ? error.message : undefined);
  return (
    <div className="relative grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-4 px-4 py-2.5 hover:bg-raised/50 sm:grid-cols-[minmax(0,1fr)_8rem_9rem]">
      <div className="min-w-0">
        <p className="flex items-center gap-2">
          <Link
            to="/apps/$app/deployments/$deployment"
            params={{ app, deployment: id }}
            search={{}}
            className="font-mono text-sm font-medium after:absolute after:inset-0"
          >
            {id}
          </Link>
          {mark}
          {title !== undefined && <span className="truncate text-sm text-quiet">{title}</span>}
        </p>
        <p className="flex min-w-0 items-center gap-1.5 text-xs text-quiet">
          <span>{environment}</span>
          {branch !== undefined && (
            <>
              <Icon name="branch" size={12} />
              <span className="truncate font-mono">{branch}</span>
            </>
          )}
          {git?.sha !== undefined && <span className="font-mono">{git.sha.slice(0, 7)}</span>}
        </p>
      </div>
      <StateBadge shown={deploymentStates[state]} />
      <div className="hidden min-w-0 text-right text-sm sm:block">
        <p>
          <Ago ms={createdAtMs} />
        </p>
        <p className="truncate text-xs text-quiet">
          {readyAtMs === undefined ? "" : `${duration(readyAtMs - createdAtMs)} · `}
          {createdBy}
        </p>
      </div>
    </div>
  );
}
