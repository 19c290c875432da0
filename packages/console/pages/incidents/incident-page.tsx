import type { IncidentInFull } from "@evenkeel/control/api/contract/index";
import { Link, useParams } from "@tanstack/react-router";
import { useApi } from "../../api/use-api.ts";
import { Answer, Empty } from "../../kit/answer.tsx";
import { Card, Facts } from "../../kit/card.tsx";
import { Page } from "../../kit/page.tsx";
import { StateBadge } from "../../kit/state-badge.tsx";
import { incidentStates } from "../../kit/states.ts";
import { Badge } from "../../kit/status.tsx";
import { Ago, When } from "../../kit/time.tsx";
import { IncidentActions } from "./incident-actions.tsx";
import { Report } from "./report.tsx";

export function IncidentPage() {
  const { incident: id } = useParams({ from: "/shell/incidents/$incident" });
  const incident = useApi("getIncident", { incident: id });
  return (
    <Page
      title={incident.data?.title ?? `Incident ${id}`}
      about={incident.data && <Heading incident={incident.data} />}
    >
      <Answer query={incident} rows={8}>
        {(known) => (
          <div className="grid gap-5 lg:grid-cols-[minmax(0,1fr)_20rem]">
            <div className="flex min-w-0 flex-col gap-5">
              <IncidentActions key={known.id} incident={known} />
              <Timeline incident={known} />
              <Report incident={known} />
            </div>
            <div className="flex min-w-0 flex-col gap-5">
              <Causes incident={known} />
              <About incident={known} />
            </div>
          </div>
        )}
      </Answer>
    </Page>
  );
}

function Heading({
  incident: { state, severity, rank, app, environment, beganAtMs, isPublic, isDrill },
}: {
  incident: IncidentInFull;
}) {
  return (
    <span className="mt-1 flex flex-wrap items-center gap-x-3 gap-y-1">
      <StateBadge shown={incidentStates[state]} />
      <Badge tone={rank === 0 ? "bad" : rank === 1 ? "warn" : "quiet"}>{severity}</Badge>
      {isDrill && <Badge tone="info">Drill</Badge>}
      {isPublic && (
        <Badge tone="quiet" icon="globe">
          On the status page
        </Badge>
      )}
      {app !== undefined && (
        <Link
          to="/apps/$app/deployments"
          params={{ app }}
          search={{}}
          className="underline decoration-line-strong underline-offset-2"
        >
          {app}
        </Link>
      )}
      <span>{environment}</span>
      <span>
        began <Ago ms={beganAtMs} />
      </span>
    </span>
  );
}

function Timeline({ incident: { timeline } }: { incident: IncidentInFull }) {
  return (
    <Card title="Timeline">
      {timeline.length === 0 ? (
        <Empty icon="clock" title="Nothing is written down yet">
          <p>Updates and everything that the platform does stand here.</p>
        </Empty>
      ) : (
        <ol className="flex flex-col">
          {timeline.toReversed().map(({ id, atMs, kind, actor, message, isPublic }) => (
            <li key={id} className="relative border-l border-line pb-4 pl-5 last:pb-0">
              <span
                aria-hidden="true"
                className="absolute top-1.5 -left-1 size-2 rounded-full bg-line-strong"
              />
              <p className="flex flex-wrap items-center gap-x-2 text-xs text-quiet">
                <When ms={atMs} only="day" /> {actor.name} · {kind.replaceAll("_", " ")}
                {isPublic && (
                  <Badge tone="quiet" icon="globe">
                    public
                  </Badge>
                )}
              </p>
              <p className="text-sm break-words whitespace-pre-wrap">{message}</p>
            </li>
          ))}
        </ol>
      )}
    </Card>
  );
}

function Causes({ incident: { causes } }: { incident: IncidentInFull }) {
  return (
    <Card title="Causes">
      <ul className="flex flex-col gap-3 text-sm">
        {causes.length === 0 && <li className="text-quiet">None is reported by the platform.</li>}
        {causes.map(({ key, title, source, component, reports, recoveredAtMs, evidence }) => (
          <li key={key} className="min-w-0">
            <p className="flex items-center gap-2">
              <span className="min-w-0 flex-1 break-words">{title}</span>
              <Badge tone={recoveredAtMs === undefined ? "bad" : "good"}>
                {recoveredAtMs === undefined ? "holds" : "over"}
              </Badge>
            </p>
            <p className="text-xs text-quiet">
              {source.replaceAll("_", " ")} · {component} · told {reports} times
            </p>
            {Object.keys(evidence).length > 0 && (
              <details className="mt-1 text-xs">
                <summary className="text-quiet">Evidence</summary>
                <pre className="mt-1 max-h-60 overflow-auto rounded-md bg-raised p-2 font-mono text-2xs">
                  {JSON.stringify(evidence, null, 2)}
                </pre>
              </details>
            )}
          </li>
        ))}
      </ul>
    </Card>
  );
}

function About({ incident }: { incident: IncidentInFull }) {
  const {
    app,
    beganAtMs,
    openedAtMs,
    acknowledgedBy,
    resolvedBy,
    flaps,
    suspect,
    components,
    phase,
    followUps,
  } = incident;
  return (
    <Card title="About it">
      <Facts
        rows={[
          ["Phase", phase],
          ["Began", <When key="b" ms={beganAtMs} />],
          ["Noticed", <When key="n" ms={openedAtMs} />],
          ["Seen to by", acknowledgedBy?.name ?? "nobody"],
          ...(resolvedBy ? [["Resolved by", resolvedBy.name] as [string, string]] : []),
          ["Components", components.join(", ")],
          ["Came back", `${flaps} times`],
          [
            "Suspect",
            suspect && app !== undefined ? (
              <Link
                key="s"
                to="/apps/$app/deployments/$deployment"
                params={{ app, deployment: suspect.deployment }}
                search={{}}
                className="underline decoration-line-strong underline-offset-2"
              >
                v{suspect.release} ({suspect.deployment})
              </Link>
            ) : (
              "nothing was released shortly before"
            ),
          ],
          [
            "To do",
            followUps.length === 0 ? (
              "nothing yet"
            ) : (
              <ul key="f" className="list-disc pl-4">
                {followUps.map((each) => (
                  <li key={each}>{each}</li>
                ))}
              </ul>
            ),
          ],
        ]}
      />
    </Card>
  );
}
