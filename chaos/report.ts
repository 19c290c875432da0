import { type Figure, isMet } from "../bench/report/figure.ts";
import { figureTable, figureTableMarkdown } from "../bench/report/figure-table.ts";
import type { Machine } from "../bench/report/report.ts";

/** One run of one programme with its control. */
export interface ProgrammeResult {
  name: string;
  title: string;
  conditions: string;
  /** ISO 8601 */
  measuredAt: string;
  /** Short hash; with `+` when something was changed since. */
  commit: string;
  machine: Machine;
  versions: Record<string, string>;
  /** Begins all that is drawn by lot. */
  seed: number;
  mode: "whole" | "short";
  /** Of one minute, before it began: what else the machine was doing. */
  loadAverage: number;
  figures: Figure[];
  control: { without: string; misses: string[]; figures: Figure[] };
}

/** `docs/proof/chaos.json`: of each programme its last recorded run. */
export interface ChaosReport {
  programmes: ProgrammeResult[];
}

/** Figures of the control that were met although they had to be missed: with any of them the run proves nothing. */
export const metInControl = ({ control }: ProgrammeResult): Figure[] =>
  control.figures.filter((figure) => control.misses.includes(figure.id) && isMet(figure));

export const isPassed = (result: ProgrammeResult): boolean =>
  result.figures.every(isMet) && metInControl(result).length === 0;

export function mergeResults(earlier: ChaosReport | undefined, later: ProgrammeResult[]): ChaosReport {
  const again = new Set(later.map(({ name }) => name));
  return { programmes: [...(earlier?.programmes ?? []).filter(({ name }) => !again.has(name)), ...later] };
}

/** For a terminal. */
export const resultText = (result: ProgrammeResult): string =>
  `${figureTable(result.figures)}\n\n${controlText(result)}\nSeed ${result.seed}: npm run chaos -- --only ${result.name}${result.mode === "short" ? " --short" : ""} --seed ${result.seed}`;

function controlText(result: ProgrammeResult): string {
  const { without, misses, figures } = result.control;
  const seen = figures
    .filter(({ id }) => misses.includes(id))
    .map(({ what, measured }) => `${what}: ${measured}`);
  const verdict =
    metInControl(result).length === 0
      ? "as it has to be, it was missed"
      : "VOID: it was met all the same, so this run proves nothing";
  return `Control, without ${without}: ${verdict} (${seen.join("; ")}).`;
}

/** `docs/proof/chaos.md` */
export function describeChaos({ programmes }: ChaosReport): string {
  const sections = programmes.map((result) => {
    const { machine, versions } = result;
    const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
    return `## ${result.title}

${result.conditions}

${figureTableMarkdown(result.figures)}

${controlText(result)}

Run on ${result.measuredAt.slice(0, 10)} at ${result.commit}, ${result.mode === "whole" ? "whole" : "in short"}, with the seed ${result.seed}: ${machine.cpu}, ${machine.cores} cores,
${machine.system}; ${named.join(", ")}; load average before: ${result.loadAverage.toFixed(2)}.`;
  });
  return `# Faults on purpose

Written by \`npm run chaos -- --save\`. Each programme is run once more without what keeps its promise; that run has to miss it, else the programme is void.

${sections.join("\n\n")}
`;
}
