import { expect, test } from "bun:test";
import { ProofError } from "../errors.ts";
import { describeFigures, describeReport, mergeReports, type ProgramResult, type Report } from "./report.ts";

const program = (name: string, commit: string): ProgramResult => ({
  name,
  title: `The ${name} program`,
  conditions: "One core for the server.",
  measuredAt: "2026-11-20T10:00:00.000Z",
  commit,
  rounds: 5,
  seconds: 5,
  loadAverage: 0.02,
  figures: [
    {
      id: name,
      what: name,
      goal: { kind: "ratio", least: 1, peer: "nginx" },
      value: 1.1,
      measured: "11 req/s; nginx 10",
      samples: [1.1, 1.123456],
    },
  ],
});

const report = (programs: ProgramResult[], nginx = "1.22.1"): Report => ({
  machine: { cpu: "Example CPU", cores: 2, memoryBytes: 8 * 2 ** 30, system: "Debian 12, Linux 6.1" },
  versions: { Bun: "1.4.5", nginx },
  programs,
});

test("a program that was run anew takes the place of its earlier result", () => {
  const merged = mergeReports(
    report([program("static", "a1"), program("idle", "a1")]),
    report([program("static", "b2")]),
  );
  expect(merged.programs.map(({ name, commit }) => [name, commit])).toEqual([
    ["static", "b2"],
    ["idle", "a1"],
  ]);
});

test("results of other versions are not put beside each other, only replaced as a whole", () => {
  const earlier = report([program("static", "a1"), program("idle", "a1")]);
  expect(() => mergeReports(earlier, report([program("idle", "b2")], "1.30.0"))).toThrow(ProofError);
  const all = report([program("static", "b2"), program("idle", "b2")], "1.30.0");
  expect(mergeReports(earlier, all)).toEqual(all);
  expect(mergeReports(undefined, all)).toEqual(all);
});

test("the table comes with date, commit, machine and versions", () => {
  const text = describeFigures(report([program("static", "a1")]));
  expect(text).toContain("| static | ≥ 1 × nginx | 11 req/s; nginx 10 | 1.10 | yes |");
  expect(text).toContain(
    "Measured on 2026-11-20 at a1: Example CPU, 2 cores, 8 GiB, Debian 12, Linux 6.1; Bun 1.4.5, nginx 1.22.1.",
  );
});

test("the whole report names each program's conditions and samples", () => {
  const text = describeReport(report([program("static", "a1")]));
  expect(text).toContain("## The static program\n\nOne core for the server.");
  expect(text).toContain("- static: 1.1, 1.123");
});
