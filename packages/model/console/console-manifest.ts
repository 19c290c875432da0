/** `console.json` in the data directory: names of folders in `consoleBuilds`, the newest first. */
export interface ConsoleBuilds {
  builds: string[];
}

/** `manifest.json` of one build of the console's pages. */
export interface ConsoleManifest {
  /** What answers at every path that is no file. */
  page: string;
  /** By their path in URLs, which is that in the folder, too. All but the page have their content's hash in their name. */
  files: Record<string, ConsoleFile>;
}

export interface ConsoleFile {
  contentType: string;
  etag: string;
  sizeBytes: number;
  /** Compressed copies beside it: `main.js.br`. */
  encodings: Partial<Record<"gzip" | "br", { sizeBytes: number }>>;
}
