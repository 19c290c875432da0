import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useLayoutEffect, useRef, useState } from "react";
import { classes } from "./classes.ts";

interface RowsProps<Item> {
  label: string;
  items: readonly Item[];
  keyOf: (item: Item) => string | number;
  /** Of one row; it may turn out another. */
  heightPx: number;
  children: (item: Item) => ReactNode;
  head?: ReactNode;
  /** Called when the end is near: more is to be fetched. */
  onEnd?: () => void;
}

/** A list of any length: only what is seen stands in the page. */
export function Rows<Item>({ label, items, keyOf, heightPx, children, head, onEnd }: RowsProps<Item>) {
  const list = useRef<HTMLUListElement>(null);
  const [top, setTop] = useState(0);
  useLayoutEffect(() => {
    const measure = () => setTop((list.current?.getBoundingClientRect().top ?? 0) + globalThis.scrollY);
    measure();
    addEventListener("resize", measure);
    return () => removeEventListener("resize", measure);
  }, []);
  const rows = useWindowVirtualizer({
    count: items.length,
    estimateSize: () => heightPx,
    overscan: 8,
    scrollMargin: top,
    getItemKey: (index) => keyOf(items[index]!),
  });
  const shown = rows.getVirtualItems();
  const last = shown.at(-1)?.index ?? 0;
  const isNearEnd = items.length > 0 && last >= items.length - 5;
  useLayoutEffect(() => {
    if (isNearEnd) onEnd?.();
  }, [isNearEnd, onEnd]);
  return (
    <div>
      {head}
      <ul ref={list} aria-label={label} style={{ height: rows.getTotalSize(), position: "relative" }}>
        {shown.map((row) => (
          <li
            key={row.key}
            aria-setsize={items.length}
            aria-posinset={row.index + 1}
            data-index={row.index}
            ref={rows.measureElement}
            className={classes("absolute inset-x-0 top-0", row.index > 0 && "border-t border-line")}
            style={{ transform: `translateY(${row.start - top}px)` }}
          >
            {children(items[row.index]!)}
          </li>
        ))}
      </ul>
    </div>
  );
}
