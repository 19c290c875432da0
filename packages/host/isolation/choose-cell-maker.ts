import { join } from "node:path";
import type { HomeLayout } from "@evenkeel/model";
import type { CellMaker } from "./cell.ts";
import { isolationReport } from "./isolation-report.ts";
import { cgroupName } from "./linux/cgroup/cgroup-name.ts";
import { findCgroupTree } from "./linux/cgroup/find-tree.ts";
import { IsolatedCellMaker } from "./linux/isolated-cell-maker.ts";
import { PlainCellMaker } from "./plain/plain-cell.ts";
import { ProcessRecords } from "./process-records.ts";

/** The best kind of cell that this machine allows. @param isolate `false`: the plain kind in any case. */
export function chooseCellMaker(layout: HomeLayout, launcherPath: string, isolate: boolean): CellMaker {
  const records = new ProcessRecords(join(layout.run, "host-processes"));
  const possible = isolate && isolationReport(layout).isolated;
  const cgroups = possible ? findCgroupTree(cgroupName(layout.home)) : undefined;
  if (cgroups === undefined || "missing" in cgroups) return new PlainCellMaker(layout, launcherPath, records);
  return new IsolatedCellMaker(layout, launcherPath, cgroups, records);
}
