import { type Dirent, readdirSync } from "node:fs";

/** What stands in a folder; nothing where it is missing, or was removed meanwhile. */
export function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
