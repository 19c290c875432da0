import { useApi } from "../../api/use-api.ts";
import { Answer } from "../../kit/answer.tsx";
import { Card, Facts, Stat, Stats } from "../../kit/card.tsx";
import { Mono } from "../../kit/copy.tsx";
import { Icon } from "../../kit/icon.tsx";
import { Page } from "../../kit/page.tsx";
import { Badge } from "../../kit/status.tsx";
import { Table } from "../../kit/table.tsx";
import { Ago } from "../../kit/time.tsx";
import { Protection } from "./protection.tsx";
import { Tokens } from "./tokens.tsx";

/** The platform itself: its parts, its backups, its tokens. */
export function SettingsPage() {
  const status = useApi("getStatus", {}, { everyMs: 15_000 });
  return (
    <Page title="Platform" about="Its parts, its backups and its keys.">
      <Answer query={status} rows={5}>
        {(known) => (
          <>
            {known.alerts.length > 0 && (
              <ul className="flex flex-col gap-2 rounded-lg border border-line bg-warn-soft p-4 text-sm">
                {known.alerts.map((alert) => (
                  <li key={alert} className="flex items-start gap-2">
                    <Icon name="alert" className="mt-0.5 shrink-0 text-warn" />
                    <span className="break-words">{alert}</span>
                  </li>
                ))}
              </ul>
            )}
            <Stats>
              <Stat label="State">
                <Badge tone={known.status === "ok" ? "good" : "bad"}>{known.status}</Badge>
              </Stat>
              <Stat label="Apps">{known.apps}</Stat>
              <Stat label="Instances">{known.instances?.length ?? "–"}</Stat>
              <Stat label="Deploys under way">{known.deployments.running}</Stat>
              <Stat label="Waiting">{known.deployments.queued}</Stat>
              <Stat label="Control runs since">
                <Ago ms={known.startedAtMs} />
              </Stat>
            </Stats>
            <Card title="Edges and host" note={`serving state ${known.servingVersion}`} flush>
              <Table
                label="Edges and host"
                items={known.subscribers}
                keyOf={({ name }) => name}
                columns={[
                  { title: "Name", cell: ({ name }) => <Mono>{name}</Mono> },
                  { title: "Role", cell: ({ role }) => role },
                  {
                    title: "Serves",
                    cell: ({ version }) =>
                      version >= known.servingVersion ? (
                        <Badge tone="good">the newest state</Badge>
                      ) : (
                        <Badge tone="warn">{known.servingVersion - version} behind</Badge>
                      ),
                  },
                  { title: "Connected", cell: ({ connectedAtMs }) => <Ago ms={connectedAtMs} /> },
                ]}
              />
            </Card>
            <Card title="Address">
              <Facts
                rows={[
                  ["Domain", <Mono key="d">{known.domain}</Mono>],
                  ["Port", known.port],
                  ["Apps", <Mono key="a">{`<app>.${known.domain}`}</Mono>],
                  ["Control's process", known.pid],
                ]}
              />
            </Card>
          </>
        )}
      </Answer>
      <Protection />
      <Tokens />
    </Page>
  );
}
