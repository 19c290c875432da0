import { formatTable } from "@evenkeel/cli/output/table";
import { describeGoal, describeRatio, type Figure, isMet } from "./figure.ts";

const heading = ["What", "Goal", "Measured", "Ratio", "Met"];

const cells = (figure: Figure): string[] => [
  figure.what,
  describeGoal(figure.goal),
  figure.measured,
  describeRatio(figure),
  isMet(figure) ? "yes" : "**no**",
];

/** For a terminal. */
export function figureTable(figures: Figure[]): string {
  return formatTable(
    heading,
    figures.map((figure) => cells(figure).map((cell) => cell.replaceAll("*", ""))),
  );
}

/** For Markdown files. */
export function figureTableMarkdown(figures: Figure[]): string {
  const line = (row: string[]) => `| ${row.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [
    line(heading),
    line(heading.map(() => "---")),
    ...figures.map((figure) => line(cells(figure))),
  ].join("\n");
}
