"use client";
import { useRouter } from "next/navigation";
import { useState } from "react";
import { ask } from "../../parts/ask.ts";
import { Badge } from "../../parts/badge.tsx";
import { Failure } from "../../parts/failure.tsx";

interface Props {
  assistants: { id: string; name: string; firstMessage: string | null; model: string | null }[];
  lines: {
    id: string;
    number: string | null;
    name: string | null;
    health: string;
    healthReason: string | null;
  }[];
}

export function ProviderPanel({ assistants, lines }: Props) {
  const router = useRouter();
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const run = async (path: string) => {
    setBusy(true);
    setError(undefined);
    await ask("POST", path).then(() => router.refresh(), setError);
    setBusy(false);
  };
  return (
    <section className="panel" aria-labelledby="provider">
      <div className="heading">
        <h2 id="provider">Assistants and numbers</h2>
        <button type="button" className="quiet" disabled={busy} onClick={() => run("/sync")}>
          Read from the provider
        </button>
      </div>
      <Failure error={error} />
      {assistants.length === 0 && (
        <small>No assistant is known. Make one at the provider and read it from there.</small>
      )}
      {assistants.length > 0 && (
        <table>
          <tbody>
            {assistants.map(({ id, name, firstMessage, model }) => (
              <tr key={id}>
                <td>
                  <b>{name}</b> {model && <small>{model}</small>}
                  {firstMessage && (
                    <div>
                      <small>“{firstMessage}”</small>
                    </div>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {lines.length > 0 && (
        <table>
          <tbody>
            {lines.map((line) => (
              <tr key={line.id}>
                <td>
                  <b>{line.number ?? line.id}</b> {line.name && <small>{line.name}</small>}
                  {line.healthReason && (
                    <div>
                      <small className="bad">{line.healthReason}</small>
                    </div>
                  )}
                </td>
                <td>
                  <Badge of={line.health} />
                </td>
                <td className="number">
                  <button
                    type="button"
                    className="quiet"
                    disabled={busy}
                    aria-label={`Check ${line.number ?? line.id}`}
                    onClick={() => run(`/lines/${encodeURIComponent(line.id)}/check`)}
                  >
                    Check
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
