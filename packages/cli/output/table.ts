/** Columns as wide as their widest cell, two spaces apart; a heading line in upper case. */
export function formatTable(heading: string[], rows: string[][]): string {
  const all = [heading.map((cell) => cell.toUpperCase()), ...rows];
  const widths = heading.map((_, column) =>
    Math.max(...all.map((row) => Bun.stringWidth(row[column] ?? ""))),
  );
  return all
    .map((row) =>
      row
        .map((cell, column) => cell + " ".repeat(widths[column]! - Bun.stringWidth(cell)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** `just now`, `5 min ago`, `3 h ago`, `2 d ago`. */
export function formatAge(thenMs: number, nowMs = Date.now()): string {
  const seconds = Math.max(0, (nowMs - thenMs) / 1000);
  if (seconds < 10) return "just now";
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}
