import { join } from "node:path";

/** Folder of the checkout that is measured. */
export const repository: string = join(import.meta.dir, "..");
