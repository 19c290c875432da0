import type { LogLine } from "@evenkeel/control/api/contract/index";
import { useState } from "react";
import { classes } from "../../kit/classes.ts";
import { When } from "../../kit/time.tsx";

const inks: Record<string, string> = {
  error: "text-bad",
  fatal: "text-bad",
  warn: "text-warn",
  debug: "text-faint",
  trace: "text-faint",
};

/** One line; pressed, it shows all that is known of it. Whatever it holds is shown as text. */
export function LogRow({ line }: { line: LogLine }) {
  const [isOpen, setOpen] = useState(false);
  const { atMs, level, text, fields } = line;
  const facts = Object.entries({ ...line, text: undefined, fields: undefined, atMs: undefined }).filter(
    ([, value]) => value !== undefined,
  );
  return (
    <div className={classes("font-mono text-xs", isOpen && "bg-raised/60")}>
      <button
        type="button"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
        className="grid min-h-7 w-full grid-cols-[auto_2.75rem_minmax(0,1fr)] items-baseline gap-x-3 px-4 py-1 text-left hover:bg-raised/60"
      >
        <span className="text-faint">
          <When ms={atMs} only="clock" />
        </span>
        <span className={classes("truncate font-medium", inks[level] ?? "text-quiet")}>{level}</span>
        <span className={classes(isOpen ? "break-words whitespace-pre-wrap" : "truncate")}>{text}</span>
      </button>
      {isOpen && (
        <dl className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-1 px-4 pt-1 pb-3">
          {[...facts, ...Object.entries(fields ?? {})].map(([name, value]) => (
            <div key={name} className="contents">
              <dt className="text-faint">{name}</dt>
              <dd className="break-all">{typeof value === "string" ? value : JSON.stringify(value)}</dd>
            </div>
          ))}
        </dl>
      )}
    </div>
  );
}
