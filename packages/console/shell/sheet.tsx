import * as Radix from "@radix-ui/react-dialog";
import type { ReactNode } from "react";

/** Navigation on a phone. */
export function Sheet({
  open,
  onClose,
  children,
}: {
  open: boolean;
  onClose: () => void;
  children: ReactNode;
}) {
  return (
    <Radix.Root open={open} onOpenChange={(isOpen) => !isOpen && onClose()}>
      <Radix.Portal>
        <div className="fixed inset-0 z-40 bg-[rgb(0_0_0/0.45)] md:hidden">
          <Radix.Content
            aria-describedby={undefined}
            className="slide flex h-dvh w-64 flex-col overflow-y-auto border-r border-line bg-panel outline-none"
          >
            <Radix.Title className="sr-only">Navigation</Radix.Title>
            {children}
          </Radix.Content>
        </div>
      </Radix.Portal>
    </Radix.Root>
  );
}
