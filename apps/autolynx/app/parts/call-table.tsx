import Link from "next/link";
import type { CallListItem } from "../../server/results/result-routes.ts";
import { Badge } from "./badge.tsx";
import { duration, instant, money } from "./words.ts";

export function CallTable({ calls }: { calls: readonly CallListItem[] }) {
  return (
    <div className="scroll">
      <table>
        <thead>
          <tr>
            <th>Contact</th>
            <th>How it ended</th>
            <th>What it came to</th>
            <th className="number">Lasted</th>
            <th className="number">Cost</th>
            <th>When</th>
          </tr>
        </thead>
        <tbody>
          {calls.map((call) => (
            <tr key={call.id}>
              <td>
                <Link href={`/calls/${call.id}`} prefetch={false}>
                  {call.name || call.phone}
                </Link>
                {call.name && (
                  <div>
                    <small>{call.phone}</small>
                  </div>
                )}
              </td>
              <td>
                <Badge of={call.status} />
              </td>
              <td className="wide">
                {call.outcome && <Badge of={call.outcome} />}{" "}
                {call.summary ?? <small>{call.endedReason ?? "–"}</small>}
              </td>
              <td className="number">{duration(call.durationMs)}</td>
              <td className="number">{money(call.costMicrodollars)}</td>
              <td>
                <small>{instant(call.intendedAt)}</small>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
