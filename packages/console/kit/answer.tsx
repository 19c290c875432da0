import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { ApiFault } from "../api/api-fault.ts";
import { Button } from "./button.tsx";
import { Icon, type IconName } from "./icon.tsx";

/** What went wrong, in the API's words, and what to do. */
export function Fault({ fault, onRetry }: { fault: ApiFault; onRetry?: () => void }) {
  return (
    <div
      role="alert"
      className="flex items-start gap-3 rounded-lg border border-line bg-bad-soft px-4 py-3 text-sm"
    >
      <Icon name="alert" className="mt-0.5 shrink-0 text-bad" />
      <div className="min-w-0 flex-1">
        <p className="font-medium break-words">{fault.message}</p>
        {fault.hint !== undefined && <p className="mt-0.5 break-words text-quiet">{fault.hint}</p>}
      </div>
      {onRetry && (
        <Button size="sm" onClick={onRetry}>
          Try again
        </Button>
      )}
    </div>
  );
}

interface EmptyProps {
  icon: IconName;
  title: string;
  /** What to do next. */
  children: ReactNode;
}

export function Empty({ icon, title, children }: EmptyProps) {
  return (
    <div className="flex flex-col items-center gap-2 px-6 py-12 text-center">
      <span className="grid size-10 place-items-center rounded-lg border border-line bg-raised text-quiet">
        <Icon name={icon} size={20} />
      </span>
      <p className="mt-1 font-medium">{title}</p>
      <div className="max-w-md text-sm text-quiet">{children}</div>
    </div>
  );
}

export function Skeleton({ rows = 3 }: { rows?: number }) {
  return (
    <div role="status" aria-label="Loading" className="flex flex-col gap-3 p-4">
      {Array.from({ length: rows }, (_, row) => `${88 - ((row * 17) % 45)}.${row}%`).map((width) => (
        <div key={width} className="breathe h-4 rounded-md bg-raised" style={{ width }} />
      ))}
    </div>
  );
}

interface AnswerProps<Reply> {
  query: UseQueryResult<Reply, ApiFault>;
  rows?: number;
  children: (reply: Reply) => ReactNode;
  /** In place of a refusal, by its code: what is not there is no fault. */
  unless?: Record<string, ReactNode>;
}

/** What the API said; meanwhile a sketch, or why it said nothing. An old answer stays while a new one cannot be had. */
export function Answer<Reply>({ query, rows, children, unless }: AnswerProps<Reply>) {
  if (query.data !== undefined) return children(query.data);
  if (query.error) {
    const instead = unless?.[query.error.code];
    if (instead !== undefined) return instead;
    return <Fault fault={query.error} onRetry={() => void query.refetch()} />;
  }
  return <Skeleton {...(rows === undefined ? {} : { rows })} />;
}
