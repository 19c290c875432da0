import type { ArchiveTarget, TargetSpec } from "./archive-target.ts";
import { FolderTarget } from "./folder-target.ts";

export function openTarget(spec: TargetSpec): ArchiveTarget {
  switch (spec.kind) {
    case "folder":
      return new FolderTarget(spec.path);
  }
}
