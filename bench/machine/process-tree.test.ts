import { expect, test } from "bun:test";
import { type ProcessSample, parseStat, processTree } from "./process-tree.ts";

test("a process's name may hold spaces and parentheses", () => {
  const stat = "4242 (odd) (name) S 17 4242 4242 0 -1 4194560 900 0 0 0 150 50 20 5 20 0 9 0 123456 1000 200";
  expect(parseStat(stat)).toEqual({ pid: 4242, parent: 17, name: "odd) (name", cpuMs: 2_250 });
});

test("a tree holds a process and all below it, without the branches that are left out", () => {
  const process = (pid: number, parent: number, name = "bun"): ProcessSample => ({
    pid,
    parent,
    name,
    cpuMs: 0,
  });
  const all = [
    process(1, 0, "init"),
    process(10, 1, "guardian"),
    process(11, 10),
    process(12, 11, "postgres"),
    process(13, 12, "writer"),
    process(14, 11),
    process(20, 1),
  ];
  const tree = processTree(10, all, ({ name }) => name === "postgres");
  expect(tree.map(({ pid }) => pid)).toEqual([10, 11, 14]);
  expect(processTree(99, all)).toEqual([]);
});
