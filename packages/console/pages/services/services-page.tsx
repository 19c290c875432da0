import type { ProcessReport } from "@evenkeel/model";
import { useState } from "react";
import { call } from "../../api/call.ts";
import { useAppEnvironment } from "../../api/environment.ts";
import { useAct, useApi } from "../../api/use-api.ts";
import { useViewer } from "../../api/viewer.ts";
import { Answer, Empty, Fault } from "../../kit/answer.tsx";
import { Button } from "../../kit/button.tsx";
import { Card } from "../../kit/card.tsx";
import { Input } from "../../kit/field.tsx";
import { bytes } from "../../kit/format.ts";
import { Page } from "../../kit/page.tsx";
import { Badge, type Tone } from "../../kit/status.tsx";
import { Table } from "../../kit/table.tsx";
import { Ago } from "../../kit/time.tsx";
import { EnvironmentChoice } from "../../shell/environment-choice.tsx";

const tones: Record<ProcessReport["state"], Tone> = {
  up: "good",
  starting: "info",
  stopping: "quiet",
  waiting: "warn",
};

export function ServicesPage() {
  const { app, environment } = useAppEnvironment();
  const processes = useApi("listProcesses", { app, environment }, { everyMs: 5_000 });
  const viewer = useViewer();
  const restart = useAct((process: string | undefined) =>
    call("restartProcesses", { app, environment, process }),
  );
  return (
    <Page
      title="Services"
      about="The processes of the Procfile: how many of each, and how large they may grow."
      actions={<EnvironmentChoice />}
    >
      <Answer query={processes} unless={{ nothing_released: <None /> }}>
        {({ commands, formation, processes: all }) => {
          const types = Object.keys(commands).filter((type) => type !== "release");
          if (types.length === 0) return <None />;
          return (
            <>
              <Card title="Formation" flush>
                <ul>
                  {types.map((type) => (
                    <Scale
                      key={`${type} ${formation[type]?.count} ${formation[type]?.memoryMb}`}
                      app={app}
                      environment={environment}
                      type={type}
                      command={commands[type]!}
                      count={formation[type]?.count ?? 0}
                      memoryMb={formation[type]?.memoryMb ?? 1_024}
                    />
                  ))}
                </ul>
              </Card>
              <Card
                title="Processes"
                flush
                actions={
                  <Button
                    size="sm"
                    busy={restart.isPending}
                    refused={viewer.refusal("deploy", app)}
                    onClick={() => restart.mutate(undefined)}
                  >
                    Restart all
                  </Button>
                }
              >
                {restart.error && <Fault fault={restart.error} />}
                <Table
                  label="Processes"
                  items={all}
                  keyOf={({ name, deployment }) => `${name} ${deployment}`}
                  columns={[
                    {
                      title: "Process",
                      cell: ({ name }) => <span className="font-mono text-xs font-medium">{name}</span>,
                    },
                    { title: "State", cell: ({ state }) => <Badge tone={tones[state]}>{state}</Badge> },
                    { title: "Since", cell: ({ sinceMs }) => <Ago ms={sinceMs} /> },
                    {
                      title: "Memory",
                      right: true,
                      cell: ({ memoryBytes, memoryLimitBytes }) =>
                        `${bytes(memoryBytes)} of ${bytes(memoryLimitBytes)}`,
                    },
                    { title: "Restarts", right: true, cell: ({ restarts }) => restarts, minor: true },
                    {
                      title: "Last failure",
                      minor: true,
                      cell: ({ lastFailure }) =>
                        lastFailure ? <span className="text-bad">{lastFailure.message}</span> : "–",
                    },
                    {
                      title: "Actions",
                      right: true,
                      cell: ({ name }) => (
                        <Button
                          size="sm"
                          look="ghost"
                          refused={viewer.refusal("deploy", app)}
                          onClick={() => restart.mutate(name)}
                        >
                          Restart
                        </Button>
                      ),
                    },
                  ]}
                />
              </Card>
            </>
          );
        }}
      </Answer>
    </Page>
  );
}

function None() {
  return (
    <section className="rounded-lg border border-line bg-panel">
      <Empty icon="server" title="No processes">
        <p>
          An app with a <code className="font-mono text-xs">Procfile</code> has its web processes and workers
          here. Functions and static files need none.
        </p>
      </Empty>
    </section>
  );
}

interface ScaleProps {
  app: string;
  environment: "production" | "staging" | "preview";
  type: string;
  command: string;
  count: number;
  memoryMb: number;
}

function Scale({ app, environment, type, command, count, memoryMb }: ScaleProps) {
  const viewer = useViewer();
  const [wanted, setWanted] = useState({ count: String(count), memoryMb: String(memoryMb) });
  const act = useAct(() =>
    call("scaleProcesses", {
      ...{ app, environment },
      processes: { [type]: { count: Number(wanted.count), memoryMb: Number(wanted.memoryMb) } },
    }),
  );
  const isChanged = wanted.count !== String(count) || wanted.memoryMb !== String(memoryMb);
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-2 border-b border-line px-4 py-3 last:border-0">
      <div className="min-w-0 flex-1">
        <p className="font-medium">{type}</p>
        <p className="truncate font-mono text-xs text-quiet">{command}</p>
      </div>
      <label className="flex items-center gap-2 text-xs whitespace-nowrap text-quiet">
        Processes
        <Input
          type="number"
          min={0}
          max={100}
          wide="w-18"
          value={wanted.count}
          onChange={({ target }) => setWanted({ ...wanted, count: target.value })}
        />
      </label>
      <label className="flex items-center gap-2 text-xs whitespace-nowrap text-quiet">
        MiB each
        <Input
          type="number"
          min={64}
          step={64}
          wide="w-24"
          value={wanted.memoryMb}
          onChange={({ target }) => setWanted({ ...wanted, memoryMb: target.value })}
        />
      </label>
      <Button
        size="sm"
        look="primary"
        busy={act.isPending}
        refused={viewer.refusal("configure", app) ?? (isChanged ? undefined : "Nothing is changed")}
        onClick={() => act.mutate(undefined)}
      >
        Scale
      </Button>
      {act.error && (
        <div className="w-full">
          <Fault fault={act.error} />
        </div>
      )}
    </li>
  );
}
