import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { writeFileDurably } from "@evenkeel/disk";
import type { ArchivePlace, HomeLayout } from "@evenkeel/model";

/** Where all archives are: as a person has said, else in the data directory. */
export function readArchivePlace(layout: HomeLayout): ArchivePlace {
  try {
    return JSON.parse(readFileSync(layout.archivePlace, "utf8")) as ArchivePlace;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return { kind: "folder", path: layout.backups };
  }
}

export const writeArchivePlace = (layout: HomeLayout, place: ArchivePlace): void =>
  writeFileDurably(layout.archivePlace, `${JSON.stringify(place, null, 2)}\n`, 0o600);

export const isInside = (layout: HomeLayout, place: ArchivePlace): boolean =>
  place.kind === "folder" && `${resolve(place.path)}/`.startsWith(`${resolve(layout.home)}/`);
