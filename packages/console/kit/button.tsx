import { Link, type LinkProps } from "@tanstack/react-router";
import type { ButtonHTMLAttributes, ReactNode } from "react";
import { classes } from "./classes.ts";
import { Icon, type IconName } from "./icon.tsx";

type Look = "primary" | "plain" | "ghost" | "danger";

const looks: Record<Look, string> = {
  primary: "bg-accent text-accent-ink border-transparent hover:brightness-110",
  plain: "bg-panel text-ink border-line-strong hover:bg-raised",
  ghost: "border-transparent text-quiet hover:bg-raised hover:text-ink",
  danger: "bg-panel text-bad border-line-strong hover:bg-bad-soft hover:border-bad",
};

const shape =
  "inline-flex items-center justify-center gap-1.5 rounded-md border font-medium whitespace-nowrap transition-colors select-none";
const sizes = { sm: "h-7 px-2.5 text-xs", md: "h-8 px-3 text-sm" };

interface Common {
  look?: Look;
  size?: keyof typeof sizes;
  icon?: IconName;
  children?: ReactNode;
}

export interface ButtonProps extends Common, ButtonHTMLAttributes<HTMLButtonElement> {
  /** Under way: it cannot be pressed again, and says so. */
  busy?: boolean;
  /** Why it cannot be pressed; shown on hover. It stays reachable by keyboard, so that the reason is. */
  refused?: string | undefined;
}

export function Button({ look = "plain", size = "md", icon, busy, refused, children, ...rest }: ButtonProps) {
  const isOff = refused !== undefined || busy;
  return (
    <button
      type="button"
      {...rest}
      {...(refused === undefined ? {} : { title: refused })}
      aria-disabled={isOff || undefined}
      aria-busy={busy || undefined}
      onClick={(event) => {
        if (isOff) event.preventDefault();
        else rest.onClick?.(event);
      }}
      className={classes(
        shape,
        looks[look],
        sizes[size],
        (isOff || rest.disabled) && "cursor-not-allowed opacity-55",
        rest.className,
      )}
    >
      {icon && <Icon name={icon} size={14} className={classes("shrink-0", busy && "breathe")} />}
      {children}
    </button>
  );
}

/** Without words to see; `label` says what it does. */
export function IconButton({
  label,
  icon,
  ...rest
}: Omit<ButtonProps, "children"> & { label: string; icon: IconName }) {
  return (
    <Button
      {...rest}
      aria-label={label}
      title={rest.refused ?? label}
      look={rest.look ?? "ghost"}
      className={classes("!px-0 w-8", rest.className)}
    >
      <Icon name={icon} />
    </Button>
  );
}

export function LinkButton({ look = "plain", size = "md", icon, children, ...link }: Common & LinkProps) {
  return (
    <Link {...link} className={classes(shape, looks[look], sizes[size])}>
      {icon && <Icon name={icon} size={14} />}
      {children}
    </Link>
  );
}

/** Leads out of the console. */
export function OutLink({ href, children }: { href: string; children: ReactNode }) {
  return (
    <a
      href={/^https?:\/\//.test(href) ? href : undefined}
      target="_blank"
      rel="noreferrer"
      className="inline-flex min-w-0 items-center gap-1 text-ink underline decoration-line-strong underline-offset-2 hover:decoration-current"
    >
      <span className="truncate">{children}</span>
      <Icon name="external" size={12} />
    </a>
  );
}
