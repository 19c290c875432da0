import type { ReactNode } from "react";
import { classes } from "./classes.ts";

interface CardProps {
  title?: ReactNode;
  /** Beside the title. */
  note?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  /** The content brings its own edges, as tables do. */
  flush?: boolean;
  className?: string;
}

export function Card({ title, note, actions, children, flush, className }: CardProps) {
  return (
    <section className={classes("min-w-0 rounded-lg border border-line bg-panel", className)}>
      {title !== undefined && (
        <header className="flex min-h-11 flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-4 py-2">
          <h2 className="text-base font-semibold">{title}</h2>
          {note !== undefined && <span className="text-xs text-quiet">{note}</span>}
          {actions !== undefined && <div className="ml-auto flex items-center gap-2">{actions}</div>}
        </header>
      )}
      <div className={flush ? "overflow-hidden rounded-b-lg" : "p-4"}>{children}</div>
    </section>
  );
}

/** One figure with its name. */
export function Stat({ label, children, note }: { label: string; children: ReactNode; note?: ReactNode }) {
  return (
    <div className="min-w-0">
      <dt className="truncate text-xs text-quiet">{label}</dt>
      <dd className="tabular mt-0.5 truncate text-lg font-semibold">{children}</dd>
      {note !== undefined && <dd className="truncate text-xs text-faint">{note}</dd>}
    </div>
  );
}

export function Stats({ children }: { children: ReactNode }) {
  return (
    <dl className="grid grid-cols-2 gap-x-6 gap-y-4 rounded-lg border border-line bg-panel p-4 sm:grid-cols-3 lg:grid-cols-[repeat(auto-fit,minmax(8rem,1fr))]">
      {children}
    </dl>
  );
}

/** Names and values under each other. */
export function Facts({ rows }: { rows: [label: string, value: ReactNode][] }) {
  return (
    <dl className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-6 gap-y-2 text-sm">
      {rows.map(([label, value]) => (
        <div key={label} className="contents">
          <dt className="text-quiet">{label}</dt>
          <dd className="min-w-0 break-words">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
