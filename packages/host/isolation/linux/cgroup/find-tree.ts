import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CgroupTree } from "./cgroup.ts";
import { cgroupTreeV1 } from "./cgroup-v1.ts";
import { cgroupTreeV2 } from "./cgroup-v2.ts";

const controllers = ["memory", "cpu", "pids"] as const;
type Controller = (typeof controllers)[number];

export type CgroupPlan =
  | { version: 1; roots: Record<Controller, string> }
  | { version: 2; mount: string; root: string }
  | { version: undefined; missing: string };

/**
 * Where our groups go, from the texts of `/proc/self/mountinfo` and `/proc/self/cgroup`.
 *
 * v1: below the group that this process is in, so that outer limits hold. v2: at the top of what is visible, since a
 * group with processes of its own may not hand controllers down.
 *
 * @param name of our folder; one per data directory.
 */
export function planCgroups(mountinfo: string, membership: string, name: string): CgroupPlan {
  const mounts = mountinfo
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      // proc_pid_mountinfo(5): ... root, mount point, options, optional fields, "-", type, source, super options.
      const [before, after] = line.split(" - ") as [string, string];
      const [type, , options] = after.split(" ");
      const fields = before.split(" ");
      return { root: fields[3]!, point: fields[4]!, type: type!, options: (options ?? "").split(",") };
    });
  const groups = new Map(
    membership
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => line.split(":"))
      .flatMap(([, names, ...path]) =>
        (names ?? "").split(",").map((kind) => [kind, path.join(":")] as const),
      ),
  );
  const roots: Partial<Record<Controller, string>> = {};
  for (const controller of controllers) {
    const tree = mounts.find((mount) => mount.type === "cgroup" && mount.options.includes(controller));
    if (!tree) continue;
    const group = groups.get(controller) ?? "/";
    // In a container without a namespace of its own, the mount shows only a part of the tree.
    const seen = group.startsWith(tree.root) && tree.root !== "/" ? group.slice(tree.root.length) : group;
    roots[controller] = join(tree.point, seen, name);
  }
  if (roots.memory && roots.cpu && roots.pids) {
    return { version: 1, roots: roots as Record<Controller, string> };
  }
  const unified = mounts.find((mount) => mount.type === "cgroup2");
  if (unified && Object.keys(roots).length === 0) {
    return { version: 2, mount: unified.point, root: join(unified.point, name) };
  }
  const lacking = controllers.filter((controller) => !roots[controller]).join(", ");
  return { version: undefined, missing: `control groups (${lacking}) are not mounted` };
}

/** The tree for the groups of this data directory, or why there is none. */
export function findCgroupTree(name: string): CgroupTree | { missing: string } {
  const plan = planCgroups(
    readFileSync("/proc/self/mountinfo", "utf8"),
    readFileSync("/proc/self/cgroup", "utf8"),
    name,
  );
  if (plan.version === undefined) return { missing: plan.missing };
  try {
    if (plan.version === 2) {
      enableControllers(plan.mount);
      mkdirSync(plan.root, { recursive: true });
      enableControllers(plan.root);
      return cgroupTreeV2(plan.root);
    }
    for (const root of Object.values(plan.roots)) {
      mkdirSync(root, { recursive: true });
      // Seen only by making one: a tree may be mounted read-only.
      const probe = join(root, "probe");
      mkdirSync(probe, { recursive: true });
      rmdirSync(probe);
    }
    return cgroupTreeV1(plan.roots);
  } catch (error) {
    return { missing: `control groups cannot be made: ${(error as Error).message}` };
  }
}

/**
 * Hands the controllers down to the children of `folder`. In a container the visible top holds processes and so may not
 * (EBUSY): they are moved to a child first, as other software in containers does.
 */
function enableControllers(folder: string): void {
  const wanted = controllers.map((controller) => `+${controller}`).join(" ");
  const file = join(folder, "cgroup.subtree_control");
  const enabled = new Set(readFileSync(file, "utf8").trim().split(" "));
  if (controllers.every((controller) => enabled.has(controller))) return;
  try {
    writeFileSync(file, wanted);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EBUSY") throw error;
    const child = join(folder, "init");
    mkdirSync(child, { recursive: true });
    for (const pid of readFileSync(join(folder, "cgroup.procs"), "utf8").split("\n")) {
      if (pid !== "" && readdirSync("/proc").includes(pid)) writeFileSync(join(child, "cgroup.procs"), pid);
    }
    writeFileSync(file, wanted);
  }
}
