import type { ReactNode } from "react";
import { Refused } from "../ask.ts";

export function Loading() {
  return (
    <p className="loading" role="status">
      Loading …
    </p>
  );
}

/** What went wrong, with each fault that the server named. */
export function Failure({ error }: { error: unknown }) {
  if (!error) return null;
  const faults = error instanceof Refused ? error.faults : [];
  return (
    <div className="failure" role="alert">
      <strong>{(error as Error).message}</strong>
      {faults.length > 0 && (
        <ul>
          {faults.slice(0, 50).map(({ path, message }) => (
            <li key={path + message}>
              <code>{path}</code> {message}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

export function Empty({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className="empty">
      <h2>{title}</h2>
      <p>{children}</p>
    </div>
  );
}

const tones: Record<string, string> = {
  answered: "good",
  confirmed: "good",
  delivered: "good",
  completed: "good",
  given: "good",
  done: "good",
  missed: "bad",
  worrying: "bad",
  failed: "bad",
  undelivered: "bad",
  withdrawn: "bad",
  busy: "bad",
  "no-answer": "bad",
  asked: "open",
  active: "open",
  sending: "open",
  queued: "open",
  accepted: "open",
  sent: "open",
  pending: "open",
  waiting: "open",
};

export function Badge({ of, children }: { of: string; children?: ReactNode }) {
  return <span className={`badge ${tones[of] ?? ""}`}>{children ?? of}</span>;
}

/** In the viewer's zone; the exact moment in UTC is told by the tooltip. */
export function Time({ at }: { at: string }) {
  const moment = new Date(at);
  return (
    <time dateTime={at} title={moment.toISOString()}>
      {moment.toLocaleString(undefined, {
        month: "short",
        day: "numeric",
        hour: "2-digit",
        minute: "2-digit",
      })}
    </time>
  );
}
