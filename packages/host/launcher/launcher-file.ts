import process from "node:process";

/** The file that this program runs from, read before the arguments become the app's. (`__filename` is resolved when bundling.) */
export const launcherFile = process.argv[1] ?? "";
