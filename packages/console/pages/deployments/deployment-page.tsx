import type { Deployment } from "@evenkeel/control/api/contract/index";
import { Link, useParams } from "@tanstack/react-router";
import { ApiFault } from "../../api/api-fault.ts";
import { useApi } from "../../api/use-api.ts";
import { Answer, Fault } from "../../kit/answer.tsx";
import { OutLink } from "../../kit/button.tsx";
import { Card, Facts } from "../../kit/card.tsx";
import { Mono } from "../../kit/copy.tsx";
import { Page } from "../../kit/page.tsx";
import { StateBadge } from "../../kit/state-badge.tsx";
import { deploymentStates } from "../../kit/states.ts";
import { Badge } from "../../kit/status.tsx";
import { Ago } from "../../kit/time.tsx";
import { BuildLog } from "./build-log.tsx";
import { Compare } from "./compare.tsx";
import { DeploymentActions } from "./deployment-actions.tsx";
import { Steps } from "./steps.tsx";

export function DeploymentPage() {
  const { deployment: id } = useParams({ from: "/shell/apps/$app/deployments/$deployment" });
  const deployment = useApi("getDeployment", { deployment: id });
  return (
    <Page
      title={id}
      about={deployment.data && <Heading deployment={deployment.data} />}
      actions={deployment.data && <DeploymentActions deployment={deployment.data} />}
    >
      <Answer query={deployment} rows={8}>
        {(known) => (
          <>
            {known.error && <Fault fault={new ApiFault(known.error, 422)} />}
            {known.withheld && <Fault fault={new ApiFault(known.withheld, 409)} />}
            <div className="grid gap-5 lg:grid-cols-[minmax(0,1fr)_20rem]">
              <div className="flex min-w-0 flex-col gap-5">
                <BuildLog deployment={known} />
                <Compare deployment={known} />
              </div>
              <div className="flex min-w-0 flex-col gap-5">
                <Steps deployment={known} />
                <About deployment={known} />
              </div>
            </div>
          </>
        )}
      </Answer>
    </Page>
  );
}

function Heading({ deployment }: { deployment: Deployment }) {
  const { state, environment, url, releases } = deployment;
  return (
    <span className="mt-1 flex flex-wrap items-center gap-x-3 gap-y-1">
      <StateBadge shown={deploymentStates[state]} />
      {releases.some(({ current }) => current) && <Badge tone="good">Live</Badge>}
      {deployment.condemned && <Badge tone="bad">Condemned</Badge>}
      <span>{environment}</span>
      <OutLink href={url}>{new URL(url).host}</OutLink>
    </span>
  );
}

function About({ deployment }: { deployment: Deployment }) {
  const { app, branch, git, createdAtMs, createdBy, kind, aliases, releases, variables, condemned } =
    deployment;
  return (
    <Card title="About it">
      <Facts
        rows={[
          ["Made", <Ago key="at" ms={createdAtMs} />],
          ["By", createdBy],
          ["From", kind === "prebuilt" ? "a build output" : "source"],
          ...(branch === undefined
            ? []
            : [["Branch", <Mono key="b">{branch}</Mono>] as [string, React.ReactNode]]),
          ...(git?.sha === undefined
            ? []
            : [["Commit", <Mono key="c">{git.sha.slice(0, 12)}</Mono>] as [string, React.ReactNode]]),
          ...(git?.message === undefined
            ? []
            : [
                [
                  "Message",
                  <span key="m" className="whitespace-pre-wrap">
                    {git.message}
                  </span>,
                ] as [string, React.ReactNode],
              ]),
          [
            "Answers at",
            aliases.length === 0 ? (
              "its own address only"
            ) : (
              <ul key="a" className="flex flex-col">
                {aliases.map((alias) => (
                  <li key={alias} className="min-w-0">
                    <OutLink href={alias}>{alias.replace(/^https?:\/\//, "")}</OutLink>
                  </li>
                ))}
              </ul>
            ),
          ],
          [
            "Releases",
            releases.length === 0 ? (
              "none"
            ) : (
              <Link key="r" to="/apps/$app/releases" params={{ app }} search={{}} className="underline">
                {releases
                  .slice(0, 6)
                  .map(({ version }) => `v${version}`)
                  .join(", ")}
              </Link>
            ),
          ],
          ["Variables", variables.length === 0 ? "none" : `${variables.length}`],
          ...(condemned
            ? [["Condemned", `by ${condemned.by}: ${condemned.reason}`] as [string, React.ReactNode]]
            : []),
        ]}
      />
    </Card>
  );
}
