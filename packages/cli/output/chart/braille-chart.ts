/** Dots of one braille character: two columns of four (https://www.unicode.org/charts/PDF/U2800.pdf). */
const dotsAcross = 2;
const dotsDown = 4;
const dotBits = [
  [0x01, 0x02, 0x04, 0x40],
  [0x08, 0x10, 0x20, 0x80],
] as const;
const blank = 0x2800;

export interface ChartSize {
  /** In characters. */
  width: number;
  height: number;
}

/** How many values a chart of this width shows. */
export const chartColumns = ({ width }: Pick<ChartSize, "width">): number => width * dotsAcross;

/**
 * Draws lines of values in braille, from zero at the bottom to `greatest` at the top; neighbours are joined, `null` leaves a gap. The last
 * line in `series` lies on top.
 *
 * @returns for each row of characters, which series is on top of each character (-1: none) and what is drawn
 */
export function brailleChart(
  series: readonly (readonly (number | null)[])[],
  greatest: number,
  { width, height }: ChartSize,
): { text: string; owner: number }[][] {
  const cells = Array.from({ length: height }, () =>
    Array.from({ length: width }, () => ({ bits: 0, owner: -1 })),
  );
  const dot = (column: number, row: number, owner: number) => {
    const cell = cells[Math.floor(row / dotsDown)]?.[Math.floor(column / dotsAcross)];
    if (!cell) return;
    cell.bits |= dotBits[column % dotsAcross]![row % dotsDown]!;
    cell.owner = owner;
  };
  const lowest = height * dotsDown - 1;
  const rowOf = (value: number) =>
    greatest === 0 ? lowest : Math.round(lowest * (1 - Math.min(1, value / greatest)));
  for (const [owner, values] of series.entries()) {
    let before: number | undefined;
    for (const [column, value] of values.slice(0, width * dotsAcross).entries()) {
      if (value === null) {
        before = undefined;
        continue;
      }
      const row = rowOf(value);
      dot(column, row, owner);
      // A steep line has its dots, too.
      const from = before ?? row;
      for (let between = Math.min(from, row) + 1; between < Math.max(from, row); between++)
        dot(column, between, owner);
      before = row;
    }
  }
  return cells.map((row) =>
    row.map(({ bits, owner }) => ({ text: bits === 0 ? " " : String.fromCodePoint(blank + bits), owner })),
  );
}
