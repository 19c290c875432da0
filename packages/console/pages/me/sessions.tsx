import { useQueryClient } from "@tanstack/react-query";
import { call } from "../../api/call.ts";
import { useAct, useApi } from "../../api/use-api.ts";
import { Answer, Fault } from "../../kit/answer.tsx";
import { Button } from "../../kit/button.tsx";
import { Card } from "../../kit/card.tsx";
import { Badge } from "../../kit/status.tsx";
import { Table } from "../../kit/table.tsx";
import { Ago } from "../../kit/time.tsx";

export function Sessions() {
  const sessions = useApi("listSessions", {});
  const queries = useQueryClient();
  const again = () => void queries.invalidateQueries({ queryKey: ["listSessions"] });
  const end = useAct((session: string) => call("endSession", { session }), again);
  const endOthers = useAct(() => call("endOtherSessions", {}), again);
  const fault = end.error ?? endOthers.error;
  return (
    <Card
      title="Sessions"
      note="where you are signed in"
      flush
      actions={
        <Button size="sm" busy={endOthers.isPending} onClick={() => endOthers.mutate(undefined)}>
          End all others
        </Button>
      }
    >
      {fault && <Fault fault={fault} />}
      <Answer query={sessions}>
        {({ sessions: all }) => (
          <Table
            label="Sessions"
            items={all}
            keyOf={({ id }) => id}
            columns={[
              {
                title: "Browser",
                cell: ({ userAgent, isThis }) => (
                  <span className="flex items-center gap-2">
                    <span className="truncate" title={userAgent}>
                      {browserOf(userAgent)}
                    </span>
                    {isThis && <Badge tone="good">this one</Badge>}
                  </span>
                ),
              },
              {
                title: "Address",
                cell: ({ address }) => <span className="font-mono text-xs">{address}</span>,
              },
              { title: "By", cell: ({ method }) => method, minor: true },
              { title: "Seen", cell: ({ lastSeenAtMs }) => <Ago ms={lastSeenAtMs} /> },
              {
                title: "Actions",
                right: true,
                cell: ({ id, isThis }) =>
                  !isThis && (
                    <Button
                      size="sm"
                      look="ghost"
                      busy={end.isPending && end.variables === id}
                      onClick={() => end.mutate(id)}
                    >
                      End
                    </Button>
                  ),
              },
            ]}
          />
        )}
      </Answer>
    </Card>
  );
}

/** `Chrome on Linux`; browsers name each other, so the order counts. */
function browserOf(userAgent: string): string {
  const browser = ["Edg", "OPR", "Firefox", "Chrome", "Safari"].find((name) => userAgent.includes(name));
  const system = ["Android", "iPhone", "iPad", "Mac OS", "Windows", "Linux"].find((name) =>
    userAgent.includes(name),
  );
  const word = browser === "Edg" ? "Edge" : browser === "OPR" ? "Opera" : browser;
  return word === undefined ? userAgent.slice(0, 60) || "unknown" : `${word}${system ? ` on ${system}` : ""}`;
}
