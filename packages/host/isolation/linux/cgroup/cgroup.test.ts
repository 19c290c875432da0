import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cgroupTreeV2 } from "./cgroup-v2.ts";
import { planCgroups } from "./find-tree.ts";

const v1Mounts = `25 30 0:22 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
26 30 0:23 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
27 30 0:24 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids
28 30 0:25 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
`;

test("v1: groups go below the group that the host is in, in each controller's tree", () => {
  const membership = "4:memory:/outer/inner\n3:cpu,cpuacct:/\n2:pids:/outer\n0::/\n";
  expect(planCgroups(v1Mounts, membership, "evenkeel-1")).toEqual({
    version: 1,
    roots: {
      memory: "/sys/fs/cgroup/memory/outer/inner/evenkeel-1",
      cpu: "/sys/fs/cgroup/cpu,cpuacct/evenkeel-1",
      pids: "/sys/fs/cgroup/pids/outer/evenkeel-1",
    },
  });
});

test("v1 in a container that sees only its own part of the tree", () => {
  const mounts = v1Mounts.replace("0:22 / /sys", "0:22 /docker/1 /sys");
  const plan = planCgroups(mounts, "4:memory:/docker/1\n3:cpu,cpuacct:/\n2:pids:/\n", "evenkeel-1");
  expect(plan).toMatchObject({ roots: { memory: "/sys/fs/cgroup/memory/evenkeel-1" } });
});

test("v2: groups go to the top of the one tree", () => {
  const mounts = "28 30 0:25 / /sys/fs/cgroup rw,relatime - cgroup2 cgroup2 rw\n";
  expect(planCgroups(mounts, "0::/system.slice/evenkeel.service\n", "evenkeel-1")).toEqual({
    version: 2,
    mount: "/sys/fs/cgroup",
    root: "/sys/fs/cgroup/evenkeel-1",
  });
});

test("controllers that are nowhere are named", () => {
  const mounts = v1Mounts.split("\n").slice(0, 2).join("\n");
  expect(planCgroups(mounts, "", "evenkeel-1")).toEqual({
    version: undefined,
    missing: "control groups (pids) are not mounted",
  });
});

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ek-cgroup-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("v2 limits and counters are the kernel's files", () => {
  const group = join(folder, "one");
  mkdirSync(group);
  writeFileSync(join(group, "memory.swap.max"), "max");
  writeFileSync(join(group, "memory.current"), "5000\n");
  writeFileSync(join(group, "memory.stat"), "anon 1\nfile 2\ninactive_file 1000\nactive_file 500\n");
  writeFileSync(join(group, "memory.events"), "low 0\noom 3\noom_kill 2\n");
  const cgroup = cgroupTreeV2(folder).create("one");
  cgroup.limit({ memoryBytes: 134_217_728, cpus: 1.5, processes: 64 });
  const read = (name: string) => readFileSync(join(group, name), "utf8");
  expect(read("memory.max")).toBe("134217728");
  expect(read("memory.swap.max")).toBe("0");
  expect(read("cpu.max")).toBe("150000 100000");
  expect(read("pids.max")).toBe("64");
  expect(cgroup.memoryBytes()).toBe(3_500);
  expect(cgroup.outOfMemoryKills()).toBe(2);
});
