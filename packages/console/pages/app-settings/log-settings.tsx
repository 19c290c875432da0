import { useApi } from "../../api/use-api.ts";
import { Answer } from "../../kit/answer.tsx";
import { Card, Facts } from "../../kit/card.tsx";
import { bytes, count } from "../../kit/format.ts";
import { Badge } from "../../kit/status.tsx";

/** How logs are kept, and where they go besides. */
export function LogSettings({ app }: { app: string }) {
  const settings = useApi("getLogSettings", { app });
  const drains = useApi("listDrains", { app });
  return (
    <Card title="Logs" note="changed with evenkeel log-settings and evenkeel drains">
      <Answer query={settings}>
        {({ retentionDays, budgetBytes, linesPerSecond, safeFields }) => (
          <Facts
            rows={[
              ["Kept for", `${retentionDays} days, up to ${bytes(budgetBytes)}`],
              ["Taken", `up to ${count(linesPerSecond)} lines a second`],
              ["Not redacted", safeFields.length === 0 ? "nothing" : safeFields.join(", ")],
              [
                "Sent on to",
                (drains.data?.drains.length ?? 0) === 0 ? (
                  "nowhere"
                ) : (
                  <ul key="d">
                    {drains.data?.drains.map(({ id, kind, to, failure }) => (
                      <li key={id} className="flex items-center gap-2">
                        {kind} {to}{" "}
                        <Badge tone={failure ? "bad" : "good"}>
                          {failure ? failure.message : "delivered"}
                        </Badge>
                      </li>
                    ))}
                  </ul>
                ),
              ],
            ]}
          />
        )}
      </Answer>
    </Card>
  );
}
