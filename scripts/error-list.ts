/**
 * Writes docs/ERRORS.md from the error classes of all packages. `--check` compares instead, and fails when the two differ: a code
 * without a line, or a line without a code.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileDurably } from "@evenkeel/disk";

const root = join(import.meta.dir, "..");

export interface ListedError {
  code: string;
  fault: string;
  meaning: string;
  package: string;
}

/** Reads classes of the form `/** meaning *\/ export class X … { readonly code = "x"; readonly fault = "user"; }`. */
export function readErrorClasses(source: string, owner: string): ListedError[] {
  const classes =
    /(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*)?export class (\w+)[^{]*\{\s*readonly code = "(\w+)";\s*readonly fault = "(\w+)"/g;
  return [...source.matchAll(classes)].map((match) => ({
    code: match[3]!,
    fault: match[4]!,
    package: owner,
    meaning: (match[1] ?? "")
      .replace(/^\s*\* ?/gm, "")
      .replace(/\s+/g, " ")
      .trim(),
  }));
}

export function renderErrorList(errors: ListedError[]): string {
  const rows = errors
    .toSorted((a, b) => a.package.localeCompare(b.package) || a.code.localeCompare(b.code))
    .map(
      ({ code, fault, meaning, package: owner }) =>
        `| \`${code}\` | ${owner} | ${fault === "user" ? "yours" : "ours"} | ${meaning} |`,
    );
  return `# Errors

Every error has a code that stays the same, a message that says what failed and in which state, and mostly a hint with the remedy. The
command line prints message and hint; with \`--json\`, and in the API, they come as \`{"error": {"code", "message", "hint"}}\`.
"Yours" means that the input or the app has to change, "ours" that the platform or its machine is at fault.

This page is made from the code: \`npm run errors\`.

| code | package | fault | meaning |
|---|---|---|---|
${rows.join("\n")}
`;
}

export function listErrors(): ListedError[] {
  const files = [...new Bun.Glob("packages/**/errors.ts").scanSync({ cwd: root })].filter(
    (file) => !file.includes("node_modules"),
  );
  return files.flatMap((file) =>
    readErrorClasses(readFileSync(join(root, file), "utf8"), file.split("/")[1]!),
  );
}

if (import.meta.main) {
  const path = join(root, "docs/ERRORS.md");
  const text = renderErrorList(listErrors());
  if (!process.argv.includes("--check")) writeFileDurably(path, text);
  else if (readFileSync(path, "utf8") !== text) {
    console.error("docs/ERRORS.md and the error classes differ; run: npm run errors");
    process.exit(1);
  }
}
