import { existsSync, readFileSync } from "node:fs";
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

/** From now on archives are there. Where they were before stays known: points from before can be restored to from there. */
export function writeArchivePlace(layout: HomeLayout, place: ArchivePlace): void {
  const former = [readArchivePlace(layout), ...readFormerPlaces(layout)];
  const others = former.filter((one) => identity(one) !== identity(place));
  const distinct = others.filter(
    (one, index) => others.findIndex((each) => identity(each) === identity(one)) === index,
  );
  // Before the new one is in force: a crash between the two leaves one place named twice, which is harmless.
  writeJson(layout.formerArchivePlaces, distinct.slice(0, mostFormer));
  writeJson(layout.archivePlace, place);
}

/** Where archives were before, the latest first. */
export function readFormerPlaces(layout: HomeLayout): ArchivePlace[] {
  const path = layout.formerArchivePlaces;
  if (!existsSync(path)) return [];
  const present = identity(readArchivePlace(layout));
  const all = JSON.parse(readFileSync(path, "utf8")) as ArchivePlace[];
  return all.filter((place) => identity(place) !== present);
}

const mostFormer = 10;

/** Credentials change; the place is the same. */
const identity = (place: ArchivePlace): string =>
  place.kind === "folder"
    ? JSON.stringify([resolve(place.path)])
    : JSON.stringify([place.endpoint, place.bucket, place.prefix]);

const writeJson = (path: string, value: unknown): void =>
  writeFileDurably(path, `${JSON.stringify(value, null, 2)}\n`, 0o600);

export const isInside = (layout: HomeLayout, place: ArchivePlace): boolean =>
  place.kind === "folder" && `${resolve(place.path)}/`.startsWith(`${resolve(layout.home)}/`);
