import * as Radix from "@radix-ui/react-dialog";
import { type FormEvent, type ReactNode, useState } from "react";
import type { ApiFault } from "../api/api-fault.ts";
import { Fault } from "./answer.tsx";
import { Button, IconButton } from "./button.tsx";
import { classes } from "./classes.ts";
import { Field, Input } from "./field.tsx";

interface DialogProps {
  open: boolean;
  onClose: () => void;
  title: string;
  children: ReactNode;
  wide?: boolean;
}

/** Its ground is an element of ours: Radix's own writes a style into the page, which our policy forbids. */
export function Dialog({ open, onClose, title, children, wide }: DialogProps) {
  return (
    <Radix.Root open={open} onOpenChange={(isOpen) => !isOpen && onClose()}>
      <Radix.Portal>
        <div className="fixed inset-0 z-40 grid place-items-end bg-[rgb(0_0_0/0.45)] p-0 sm:place-items-center sm:p-6">
          <Radix.Content
            aria-describedby={undefined}
            className={classes(
              "appear flex max-h-[90dvh] w-full flex-col rounded-t-lg border border-line bg-panel shadow-raised outline-none sm:rounded-lg",
              wide ? "sm:max-w-2xl" : "sm:max-w-md",
            )}
          >
            <header className="flex items-center gap-3 border-b border-line py-2 pr-2 pl-4">
              <Radix.Title className="min-w-0 truncate text-base font-semibold">{title}</Radix.Title>
              <Radix.Close asChild>
                <IconButton label="Close" icon="close" className="ml-auto" />
              </Radix.Close>
            </header>
            <div className="overflow-y-auto p-4">{children}</div>
          </Radix.Content>
        </div>
      </Radix.Portal>
    </Radix.Root>
  );
}

interface ConfirmProps {
  open: boolean;
  onClose: () => void;
  title: string;
  /** What will happen, and what will not. */
  children: ReactNode;
  action: string;
  danger?: boolean;
  /** Has to be typed: for what cannot be taken back. */
  word?: string;
  /** Asks for a reason, which stands on record. */
  asksReason?: boolean;
  busy: boolean;
  fault: ApiFault | null;
  onConfirm: (reason: string | undefined) => void;
}

/** Nothing with consequences happens at one touch. */
export function Confirm(props: ConfirmProps) {
  const { open, onClose, title, children, action, danger, word, asksReason, busy, fault, onConfirm } = props;
  const [typed, setTyped] = useState("");
  const [reason, setReason] = useState("");
  const isReady = word === undefined || typed === word;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isReady && !busy) onConfirm(reason.trim() === "" ? undefined : reason.trim());
  };
  return (
    <Dialog open={open} onClose={onClose} title={title}>
      <form onSubmit={submit} className="flex flex-col gap-4">
        <div className="text-sm text-quiet">{children}</div>
        {asksReason && (
          <Field label="Reason" note="Stands in the audit log">
            <Input value={reason} onChange={(event) => setReason(event.target.value)} maxLength={1_000} />
          </Field>
        )}
        {word !== undefined && (
          <Field label={`Type ${word} to confirm`}>
            <Input value={typed} onChange={(event) => setTyped(event.target.value)} autoComplete="off" />
          </Field>
        )}
        {fault && <Fault fault={fault} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look={danger ? "danger" : "primary"} busy={busy} disabled={!isReady}>
            {action}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
