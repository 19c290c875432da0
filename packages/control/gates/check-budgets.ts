import { readFile } from "node:fs/promises";
import {
  artifactFilePath,
  type BuildOutput,
  formatSize,
  type HomeLayout,
  type StaticFile,
} from "@evenkeel/model";
import { BudgetExceededError } from "../errors.ts";
import type { ReleasePlan } from "./release-plan.ts";

type Budget = ReleasePlan["budgets"][number];

const isScript = (path: string): boolean => /\.m?js$/.test(path);

/**
 * Sees that what was built is no larger than allowed: all scripts that browsers can load, the largest page with the scripts and styles that it
 * names, the largest function, everything.
 *
 * @returns what was measured, for the log
 * @throws BudgetExceededError
 */
export async function checkBudgets(
  layout: HomeLayout,
  output: BuildOutput,
  budgets: Budget[],
): Promise<string[]> {
  const told: string[] = [];
  for (const budget of budgets) {
    const { bytes, what } = await measure(layout, output, budget);
    const kind = budget.gzipped ? "gzipped" : "uncompressed";
    const text = `${what}: ${formatSize(bytes)} ${kind} of ${formatSize(budget.bytes)}`;
    if (bytes > budget.bytes) throw new BudgetExceededError(budget.of, text);
    told.push(text);
  }
  return told;
}

async function measure(
  layout: HomeLayout,
  output: BuildOutput,
  { of, gzipped }: Budget,
): Promise<{ bytes: number; what: string }> {
  const size = (file: StaticFile) => (gzipped ? gzippedBytes(layout, file) : file.sizeBytes);
  const sum = async (files: StaticFile[]) => {
    let total = 0;
    for (const file of files) total += await size(file);
    return total;
  };
  if (of === "output") return { bytes: output.sizeBytes, what: "The whole output" };
  if (of === "function") {
    const sizes = Object.entries(output.functions).map(([name, id]) => {
      const tree = output.functionsById[id]!.tree;
      return { name, bytes: tree.reduce((total, file) => total + ("hash" in file ? file.sizeBytes : 0), 0) };
    });
    const largest = sizes.reduce((most, one) => (one.bytes > most.bytes ? one : most), {
      name: "",
      bytes: 0,
    });
    return { bytes: largest.bytes, what: `Function ${largest.name}` };
  }
  if (of === "bundle") {
    const scripts = Object.entries(output.files).flatMap(([path, file]) => (isScript(path) ? [file] : []));
    return { bytes: await sum(scripts), what: "Scripts for browsers" };
  }
  let largest = { bytes: 0, what: "Pages" };
  for (const [path, file] of pagesOf(output)) {
    const html = await readFile(artifactFilePath(layout, file.hash), "utf8");
    const bytes = await sum([file, ...namedFiles(output, html)]);
    if (bytes > largest.bytes) largest = { bytes, what: `Page /${path}` };
  }
  return largest;
}

const pagesOf = ({ files, prerenders }: BuildOutput): [path: string, file: StaticFile][] =>
  [
    ...Object.entries(files),
    ...Object.entries(prerenders).flatMap(([path, { fallback }]): [string, StaticFile][] =>
      fallback ? [[path, fallback]] : [],
    ),
  ].filter(([, file]) => file.contentType.startsWith("text/html"));

/** Scripts and styles that a page names by its own host's paths. */
function namedFiles({ files }: BuildOutput, html: string): StaticFile[] {
  const paths = [...html.matchAll(/(?:src|href)="\/([^"?#]+\.(?:m?js|css))(?:[?#][^"]*)?"/g)].map(
    (m) => m[1]!,
  );
  return [...new Set(paths)].flatMap((path) => (Object.hasOwn(files, path) ? [files[path]!] : []));
}

async function gzippedBytes(layout: HomeLayout, file: StaticFile): Promise<number> {
  const known = file.encodings?.gzip?.sizeBytes;
  if (known !== undefined) return known;
  const bytes = await readFile(artifactFilePath(layout, file.hash));
  return Math.min(bytes.length, Bun.gzipSync(bytes).length);
}
