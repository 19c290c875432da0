import type { DeploymentSummary } from "@evenkeel/control/api/contract/index";
import { OutLink } from "../../kit/button.tsx";
import { classes } from "../../kit/classes.ts";
import { Icon } from "../../kit/icon.tsx";

interface BranchLinksProps {
  deployments: DeploymentSummary[];
  chosen: string | undefined;
  onChoose: (branch: string | undefined) => void;
}

const most = 12;

/** The previews: the newest of each branch, a click away. */
export function BranchLinks({ deployments, chosen, onChoose }: BranchLinksProps) {
  const newest = new Map<string, DeploymentSummary>();
  for (const deployment of deployments) {
    if (
      deployment.environment !== "preview" ||
      deployment.branch === undefined ||
      deployment.state !== "ready"
    )
      continue;
    if (!newest.has(deployment.branch)) newest.set(deployment.branch, deployment);
  }
  if (newest.size === 0) return null;
  return (
    <ul aria-label="Branches" className="flex flex-wrap gap-2">
      {[...newest.values()].slice(0, most).map(({ branch, url }) => (
        <li
          key={branch}
          className={classes(
            "flex h-8 max-w-72 items-center gap-2 rounded-md border bg-panel pr-2.5 text-sm",
            branch === chosen ? "border-accent" : "border-line",
          )}
        >
          <button
            type="button"
            aria-pressed={branch === chosen}
            onClick={() => onChoose(branch === chosen ? undefined : branch)}
            className="flex h-full min-w-0 items-center gap-1.5 pl-2.5 hover:text-accent"
          >
            <Icon name="branch" size={14} />
            <span className="truncate font-mono text-xs">{branch}</span>
          </button>
          <OutLink href={url}>open</OutLink>
        </li>
      ))}
    </ul>
  );
}
