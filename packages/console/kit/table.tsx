import type { ReactNode } from "react";
import { classes } from "./classes.ts";

export interface Column<Item> {
  title: string;
  cell: (item: Item) => ReactNode;
  /** Figures stand right. */
  right?: boolean;
  /** Left out on phones. */
  minor?: boolean;
}

interface TableProps<Item> {
  label: string;
  items: readonly Item[];
  keyOf: (item: Item) => string | number;
  columns: Column<Item>[];
}

/** For some dozens of rows; longer lists are `Rows`. */
export function Table<Item>({ label, items, keyOf, columns }: TableProps<Item>) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: scrolled by keyboard where it is too wide
    <section className="overflow-x-auto" tabIndex={0} aria-label={label}>
      <table className="w-full text-left text-sm">
        <thead>
          <tr className="border-b border-line text-xs text-quiet">
            {columns.map(({ title, right, minor }) => (
              <th
                key={title}
                scope="col"
                className={classes(
                  "px-4 py-2 font-medium whitespace-nowrap",
                  right && "text-right",
                  minor && "hidden sm:table-cell",
                )}
              >
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {items.map((item) => (
            <tr key={keyOf(item)} className="border-b border-line last:border-0 hover:bg-raised/50">
              {columns.map(({ title, cell, right, minor }) => (
                <td
                  key={title}
                  className={classes(
                    "max-w-80 px-4 py-2 align-middle",
                    right && "tabular text-right",
                    minor && "hidden sm:table-cell",
                  )}
                >
                  {cell(item)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
