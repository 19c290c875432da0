import { join } from "node:path";
import type { HomeLayout } from "@evenkeel/model";
import { isolationReport } from "../isolation-report.ts";
import { cgroupName } from "../linux/cgroup/cgroup-name.ts";
import { findCgroupTree } from "../linux/cgroup/find-tree.ts";
import { IsolatedServiceCells } from "../linux/isolated-service-cells.ts";
import { PlainServiceCells } from "../plain/plain-service-cells.ts";
import type { ServiceCellMaker } from "./service-cell.ts";

/** The best kind that this machine allows, as `chooseCellMaker`. Their control groups stand apart: what clears instances leaves services. */
export function chooseServiceCells(layout: HomeLayout, isolate: boolean): ServiceCellMaker {
  const folder = join(layout.run, "services");
  const possible = isolate && isolationReport(layout).isolated;
  const cgroups = possible ? findCgroupTree(`${cgroupName(layout.home)}-services`) : undefined;
  if (cgroups === undefined || "missing" in cgroups) return new PlainServiceCells(folder);
  return new IsolatedServiceCells(layout, cgroups, folder);
}
