import { useState } from "react";
import { classes } from "./classes.ts";
import { Icon } from "./icon.tsx";

/** A command or a value, to be taken along. */
export function Copyable({ text, label, className }: { text: string; label?: string; className?: string }) {
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text).then(
      () => setCopied(true),
      () => {},
    );
    setTimeout(() => setCopied(false), 1_500);
  };
  return (
    <span
      className={classes(
        "inline-flex max-w-full items-center gap-1 rounded-md border border-line bg-raised text-left",
        className,
      )}
    >
      <code className="min-w-0 px-2 py-1 font-mono text-xs break-all whitespace-pre-wrap">
        {label ?? text}
      </code>
      <button
        type="button"
        onClick={() => void copy()}
        aria-label={isCopied ? "Copied" : `Copy ${label ?? "it"}`}
        className="mr-0.5 grid size-6 shrink-0 place-items-center rounded-md text-quiet hover:text-ink"
      >
        <Icon name={isCopied ? "check" : "copy"} size={12} />
      </button>
    </span>
  );
}

export const Mono = ({ children }: { children: string | number }) => (
  <code className="font-mono text-xs break-all">{children}</code>
);
