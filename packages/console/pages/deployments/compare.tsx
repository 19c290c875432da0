import type { Deployment } from "@evenkeel/control/api/contract/index";
import { useState } from "react";
import { useApi } from "../../api/use-api.ts";
import { Answer } from "../../kit/answer.tsx";
import { Card } from "../../kit/card.tsx";
import { Mono } from "../../kit/copy.tsx";
import { Select } from "../../kit/field.tsx";
import { bytes, duration } from "../../kit/format.ts";
import { Table } from "../../kit/table.tsx";
import { percentilesAt, sumOf } from "../traffic/points.ts";

/** This one beside another: what they are made of, and how they did. */
export function Compare({ deployment }: { deployment: Deployment }) {
  const { app, environment, id } = deployment;
  const list = useApi("listDeployments", { app, environment, limit: 30 });
  const others = list.data?.deployments.filter((each) => each.id !== id && each.state === "ready") ?? [];
  const [chosen, setChosen] = useState<string>();
  const other = chosen ?? others[0]?.id;
  if (list.data && others.length === 0) return null;
  return (
    <Card
      title="Compare"
      flush
      actions={
        <Select
          aria-label="With which deployment"
          value={other ?? ""}
          onChange={({ target }) => setChosen(target.value)}
        >
          {others.map((each) => (
            <option key={each.id} value={each.id}>
              {each.id}
            </option>
          ))}
        </Select>
      }
    >
      {other !== undefined && <Comparison one={deployment} other={other} />}
    </Card>
  );
}

function Comparison({ one, other }: { one: Deployment; other: string }) {
  const query = useApi("getDeployment", { deployment: other });
  const mine = useFigures(one);
  const theirs = useFigures(query.data);
  return (
    <Answer query={query}>
      {(two) => (
        <Table
          label={`${one.id} beside ${two.id}`}
          keyOf={([name = ""]) => name}
          items={[
            ["Commit", commit(one), commit(two)],
            ["Build output", output(one), output(two)],
            ["Time until ready", took(one), took(two)],
            ["Build", stepTook(one), stepTook(two)],
            ...difference(one.variables, two.variables),
            ["Requests, last 24 h", mine.requests, theirs.requests],
            ["Errors", mine.errors, theirs.errors],
            ["p95", mine.p95, theirs.p95],
            ["Sent", mine.sent, theirs.sent],
          ]}
          columns={[
            { title: "", cell: ([name]) => <span className="text-quiet">{name}</span> },
            { title: one.id, cell: ([, value]) => <Mono>{value ?? ""}</Mono> },
            { title: two.id, cell: ([, , value]) => <Mono>{value ?? ""}</Mono> },
          ]}
        />
      )}
    </Answer>
  );
}

const commit = ({ git }: Deployment): string => git?.sha?.slice(0, 12) ?? "–";
const output = ({ output: id }: Deployment): string => id?.slice(0, 12) ?? "–";
const took = ({ readyAtMs, createdAtMs }: Deployment): string =>
  readyAtMs === undefined ? "–" : duration(readyAtMs - createdAtMs);
function stepTook({ steps }: Deployment): string {
  const build = steps.find(({ name }) => name === "build");
  return build?.endedAtMs === undefined || build.startedAtMs === undefined
    ? "–"
    : duration(build.endedAtMs - build.startedAtMs);
}

function difference(mine: string[], theirs: string[]): [string, string, string][] {
  const only = (some: string[], rest: string[]) =>
    some.filter((name) => !rest.includes(name)).join(", ") || "–";
  const [here, there] = [only(mine, theirs), only(theirs, mine)];
  return here === "–" && there === "–"
    ? [["Variables", "the same", "the same"]]
    : [["Variables only here", here, there]];
}

const dayMs = 86_400_000;

function useFigures(deployment: Deployment | undefined) {
  const [sinceMs] = useState(() => Math.floor(Date.now() / 60_000) * 60_000 - dayMs);
  const enabled = deployment !== undefined;
  const { app = "", environment = "production", id = "" } = deployment ?? {};
  const of = { app, environment, deployment: id, sinceMs, stepMs: 0 };
  const requests = sumOf(useApi("querySignal", { ...of, signal: "requests" }, { enabled }).data);
  const errors = sumOf(useApi("querySignal", { ...of, signal: "errors" }, { enabled }).data);
  const sent = sumOf(useApi("querySignal", { ...of, signal: "response_bytes" }, { enabled }).data);
  const latency = useApi("querySignal", { ...of, signal: "latency", percentiles: "0.95" }, { enabled }).data;
  const p95 = percentilesAt(latency, 0)[0];
  return {
    requests: requests === undefined ? "–" : String(requests),
    errors: errors === undefined ? "–" : String(errors),
    sent: bytes(sent),
    p95: duration(p95 ?? undefined),
  };
}
