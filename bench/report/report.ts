import { ProofError } from "../errors.ts";
import type { Figure } from "./figure.ts";
import { figureTableMarkdown } from "./figure-table.ts";

export interface Machine {
  cpu: string;
  cores: number;
  memoryBytes: number;
  /** `Debian GNU/Linux 12 (bookworm), Linux 6.1` */
  system: string;
}

/** One run of one program: ratios are always of one run. */
export interface ProgramResult {
  name: string;
  title: string;
  /** What ran where. */
  conditions: string;
  /** ISO 8601 */
  measuredAt: string;
  /** Short hash; with `+` when something was changed since. */
  commit: string;
  rounds: number;
  /** Of one load, in seconds. */
  seconds: number;
  /** Of one minute, before the program began: what else the machine was doing. */
  loadAverage: number;
  figures: Figure[];
}

/** `docs/proof/bench.json`. */
export interface Report {
  machine: Machine;
  /** Of everything that took part: `nginx` → `1.22.1`. */
  versions: Record<string, string>;
  programs: ProgramResult[];
}

/**
 * What is recorded, with the programs that were run anew in place of their earlier results. Results of another machine or other versions
 * stand in no table together.
 *
 * @throws ProofError
 */
export function mergeReports(earlier: Report | undefined, later: Report): Report {
  if (earlier === undefined) return later;
  const again = new Map(later.programs.map((program) => [program.name, program]));
  if (earlier.programs.every(({ name }) => again.has(name))) return later;
  if (!fitTogether(earlier, later)) {
    throw new ProofError("The recorded measurements are of another machine or of other versions", {
      hint: "Run all programs: npm run bench -- --save",
    });
  }
  const programs = earlier.programs.map((program) => again.get(program.name) ?? program);
  for (const { name } of earlier.programs) again.delete(name);
  return {
    machine: later.machine,
    versions: { ...earlier.versions, ...later.versions },
    programs: [...programs, ...again.values()],
  };
}

/** Not every program uses every peer, so only what both name is compared. */
function fitTogether(one: Report, other: Report): boolean {
  return (
    JSON.stringify(one.machine) === JSON.stringify(other.machine) &&
    Object.entries(one.versions).every(([name, version]) => (other.versions[name] ?? version) === version)
  );
}

/** The table with what is needed to judge it, for `docs/proof/bench.md` and the README. */
export function describeFigures(report: Report): string {
  return `${figureTableMarkdown(report.programs.flatMap((program) => program.figures))}

${describeCircumstances(report)}`;
}

function describeCircumstances({ machine, versions, programs }: Report): string {
  const days = [...new Set(programs.map(({ measuredAt }) => measuredAt.slice(0, 10)))].sort();
  const commits = [...new Set(programs.map(({ commit }) => commit))];
  const memory = Math.round(machine.memoryBytes / 2 ** 30);
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `Measured on ${days.join(" and ")} at ${commits.join(", ")}: ${machine.cpu}, ${machine.cores} cores, ${memory} GiB, ${
    machine.system
  }; ${named.join(", ")}.`;
}

/** `docs/proof/bench.md`: the table, then each program with its conditions and all samples. */
export function describeReport(report: Report): string {
  const sections = report.programs.map((program) => {
    const samples = program.figures.map(
      (figure) =>
        `- ${figure.what}: ${figure.samples.map((sample) => Number(sample.toPrecision(4))).join(", ")}`,
    );
    return `## ${program.title}

${program.conditions}

${program.rounds} rounds, ${program.seconds} s each; load average before: ${program.loadAverage.toFixed(2)}. Ratios of the rounds, or samples:

${samples.join("\n")}`;
  });
  return `# Measurements

Written by \`npm run bench -- --save\`. Both sides of a ratio were measured in turn in one run; the ratio is the median over the rounds.

${describeFigures(report)}

${sections.join("\n\n")}
`;
}
