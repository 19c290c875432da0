import * as RadixSwitch from "@radix-ui/react-switch";
import type { InputHTMLAttributes, ReactNode, SelectHTMLAttributes, TextareaHTMLAttributes } from "react";
import { classes } from "./classes.ts";

const control =
  "min-w-0 rounded-md border border-line-strong bg-panel px-2.5 text-sm text-ink placeholder:text-faint focus-visible:outline-offset-0";

export function Field({ label, note, children }: { label: string; note?: ReactNode; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is given as a child
    <label className="flex min-w-0 flex-col gap-1.5">
      <span className="text-sm font-medium">{label}</span>
      {children}
      {note !== undefined && <span className="text-xs text-quiet">{note}</span>}
    </label>
  );
}

interface InputProps extends InputHTMLAttributes<HTMLInputElement> {
  /** A class of the style sheet; default: as wide as there is room. */
  wide?: string;
}

export function Input({ wide = "w-full", ...props }: InputProps) {
  return <input {...props} className={classes(control, "h-8", wide, props.className)} />;
}

export function TextArea(props: TextareaHTMLAttributes<HTMLTextAreaElement>) {
  return <textarea {...props} className={classes(control, "min-h-20 w-full py-1.5", props.className)} />;
}

/** The system's own: right on phones and for screen readers, and it needs no style that our policy forbids. */
export function Select(props: SelectHTMLAttributes<HTMLSelectElement>) {
  return <select {...props} className={classes(control, "h-8 max-w-full", props.className)} />;
}

export function Switch({
  label,
  on,
  onChange,
  refused,
}: {
  label: string;
  on: boolean;
  onChange: (on: boolean) => void;
  refused?: string;
}) {
  return (
    <RadixSwitch.Root
      checked={on}
      onCheckedChange={(next) => refused === undefined && onChange(next)}
      aria-label={label}
      title={refused ?? label}
      aria-disabled={refused !== undefined || undefined}
      className={classes(
        "relative h-5 w-9 shrink-0 rounded-full border border-transparent transition-colors",
        on ? "bg-accent" : "bg-line-strong",
        refused !== undefined && "opacity-55",
      )}
    >
      <RadixSwitch.Thumb className="block size-4 translate-x-0.5 rounded-full bg-panel transition-transform data-[state=checked]:translate-x-4" />
    </RadixSwitch.Root>
  );
}

/** A few that exclude each other. */
export function Choice<Value extends string>({
  label,
  value,
  options,
  onChange,
}: {
  label: string;
  value: Value;
  options: readonly (readonly [value: Value, word: string])[];
  onChange: (value: Value) => void;
}) {
  return (
    <fieldset
      aria-label={label}
      className="inline-flex max-w-full self-start overflow-x-auto rounded-md border border-line-strong bg-panel p-0.5"
    >
      {options.map(([each, word]) => (
        <button
          key={each}
          type="button"
          aria-pressed={each === value}
          onClick={() => onChange(each)}
          className={classes(
            "h-6 rounded-[4px] px-2 text-xs font-medium whitespace-nowrap",
            each === value ? "bg-raised text-ink" : "text-quiet hover:text-ink",
          )}
        >
          {word}
        </button>
      ))}
    </fieldset>
  );
}
