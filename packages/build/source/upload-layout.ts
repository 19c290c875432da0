import type { FileHash, HomeLayout } from "@evenkeel/model";

export const incomingPrefix = ".incoming-";

/** Without the compression in its name: archives tell it themselves. */
export const uploadPath = (layout: HomeLayout, sha256: FileHash): string => `${layout.uploads}/${sha256}.tar`;
