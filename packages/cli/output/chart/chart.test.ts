import { expect, test } from "bun:test";
import { brailleChart } from "./braille-chart.ts";
import { formatValue } from "./format-value.ts";
import { sparkline } from "./sparkline.ts";
import { markLine, timeAxis } from "./time-axis.ts";

test("a sparkline tells zero, the greatest and the unknown apart", () => {
  expect(sparkline([0, 1, 4, 8, null, 8])).toBe("▁▂▅█·█");
  expect(sparkline([0, 0, null])).toBe("▁▁·");
  expect(sparkline([])).toBe("");
});

test("a line goes from the bottom to the top with the dots between, and has a gap where nothing is known", () => {
  const text = (rows: { text: string }[][]) => rows.map((row) => row.map((cell) => cell.text).join(""));
  expect(text(brailleChart([[0, 7, 7, null, 0, 0]], 7, { width: 3, height: 2 }))).toEqual(["⢸⠁ ", "⡸ ⣀"]);
  const both = brailleChart(
    [
      [1, 1],
      [3, 3],
    ],
    3,
    { width: 1, height: 1 },
  );
  expect(both[0]![0]).toEqual({ text: "⠭", owner: 1 });
});

test("releases are marked where they were, with as many names as there is room for", () => {
  const marks = [
    { atMs: 160, text: "v2" },
    { atMs: 0, text: "v1" },
    { atMs: 550, text: "v4" },
    { atMs: 500, text: "v3" },
    { atMs: 999, text: "v6" },
    { atMs: 1_000, text: "v5" },
  ];
  expect(markLine(marks, 0, 1_000, 20)).toBe("▲  ▲v2  v3▲▲v4   v6▲");
  expect(markLine([], 0, 1_000, 20)).toBe("");
  expect(timeAxis(0, 3_600_000, 30).length).toBe(30);
});

test("values are short and have their unit", () => {
  const all: [number, string][] = [
    [0.1234, "ms"],
    [35.04, "ms"],
    [61_000, "ms"],
    [12_345.6, "requests/s"],
    [0.0042, "share"],
    [3 * 1024 * 1024, "bytes"],
    [7_200, "s"],
    [1_230_000, "micro-USD"],
  ];
  expect(all.map(([value, unit]) => formatValue(value, unit))).toEqual([
    "0.12 ms",
    "35.0 ms",
    "1 min 1 s",
    "12.3 k /s",
    "0.42 %",
    "3.0 MiB",
    "2 h",
    "1.23 $",
  ]);
});
