import type { ArchiveTarget, TargetSpec } from "./archive-target.ts";
import { FolderTarget } from "./folder-target.ts";
import { S3Target } from "./s3-target.ts";

export function openTarget(spec: TargetSpec): ArchiveTarget {
  switch (spec.kind) {
    case "folder":
      return new FolderTarget(spec.path);
    case "s3":
      return new S3Target(spec);
  }
}
