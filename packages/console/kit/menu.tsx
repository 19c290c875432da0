import * as Radix from "@radix-ui/react-dropdown-menu";
import type { ReactNode } from "react";
import { classes } from "./classes.ts";
import { Icon, type IconName } from "./icon.tsx";

export interface MenuItem {
  label: string;
  icon?: IconName;
  onSelect: () => void;
  danger?: boolean;
  refused?: string | undefined;
  isOn?: boolean;
}

/** @param trigger a button */
export function Menu({
  trigger,
  items,
  label,
}: {
  trigger: ReactNode;
  items: (MenuItem | "line")[];
  label: string;
}) {
  return (
    // Not modal: that would write a style into the page, which our policy forbids.
    <Radix.Root modal={false}>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          aria-label={label}
          align="end"
          sideOffset={6}
          collisionPadding={8}
          className="appear z-50 min-w-44 rounded-lg border border-line bg-panel p-1 shadow-raised"
        >
          {items.map((item, index) =>
            item === "line" ? (
              // biome-ignore lint/suspicious/noArrayIndexKey: a line is only its place
              <Radix.Separator key={index} className="my-1 h-px bg-line" />
            ) : (
              <Radix.Item
                key={item.label}
                disabled={item.refused !== undefined}
                onSelect={item.onSelect}
                {...(item.refused === undefined ? {} : { title: item.refused })}
                className={classes(
                  "flex h-8 items-center gap-2 rounded-md px-2 text-sm outline-none select-none data-[disabled]:opacity-50 data-[highlighted]:bg-raised",
                  item.danger ? "text-bad" : "text-ink",
                )}
              >
                {item.icon && <Icon name={item.icon} size={14} />}
                <span className="min-w-0 flex-1 truncate">{item.label}</span>
                {item.isOn && <Icon name="check" size={14} />}
              </Radix.Item>
            ),
          )}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
