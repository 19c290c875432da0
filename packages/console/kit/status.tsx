import type { ReactNode } from "react";
import { classes } from "./classes.ts";
import { Icon, type IconName } from "./icon.tsx";

export type Tone = "good" | "warn" | "bad" | "info" | "quiet";

const icons: Record<Tone, IconName> = {
  good: "check",
  warn: "alert",
  bad: "cross",
  info: "play",
  quiet: "minus",
};
const soft: Record<Tone, string> = {
  good: "bg-good-soft text-good",
  warn: "bg-warn-soft text-warn",
  bad: "bg-bad-soft text-bad",
  info: "bg-info-soft text-info",
  quiet: "bg-raised text-quiet",
};
const ink: Record<Tone, string> = {
  good: "text-good",
  warn: "text-warn",
  bad: "text-bad",
  info: "text-info",
  quiet: "text-quiet",
};

interface StatusProps {
  tone: Tone;
  children: ReactNode;
  icon?: IconName;
  /** It goes on at this moment. */
  moving?: boolean;
}

/** A state in a word, with an icon of its own for those who see no colours. */
export function Badge({ tone, children, icon, moving }: StatusProps) {
  return (
    <span
      className={classes(
        "inline-flex h-5 w-fit items-center gap-1 rounded-md px-1.5 text-xs font-medium whitespace-nowrap",
        soft[tone],
      )}
    >
      <Icon name={icon ?? icons[tone]} size={12} className={classes("shrink-0", moving && "breathe")} />
      {children}
    </span>
  );
}

export function Status({ tone, children, icon, moving }: StatusProps) {
  return (
    <span className={classes("inline-flex items-center gap-1.5 text-sm", ink[tone])}>
      <Icon name={icon ?? icons[tone]} size={14} className={classes("shrink-0", moving && "breathe")} />
      <span className="text-ink">{children}</span>
    </span>
  );
}
