/**
 * Copies the recorded measurements of docs/proof/bench.json into README.md, between `<!-- figures -->` and `<!-- /figures -->`:
 * `npm run readme`. With `--check`: changes nothing, exit code 1 when the README shows others.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileDurably } from "@evenkeel/disk";
import { EvenkeelError } from "@evenkeel/model";
import { placeFigures } from "../bench/report/place-figures.ts";
import { readProof } from "../bench/report/proof-files.ts";
import { repository } from "../bench/repository.ts";

const path = join(repository, "README.md");
try {
  const before = readFileSync(path, "utf8");
  const after = placeFigures(before, readProof());
  if (after === before) console.log("README.md shows the recorded measurements.");
  else if (process.argv.includes("--check")) {
    console.error("README.md shows other measurements than docs/proof/bench.json; run: npm run readme");
    process.exitCode = 1;
  } else {
    writeFileDurably(path, after);
    console.log("README.md now shows the recorded measurements.");
  }
} catch (error) {
  if (!(error instanceof EvenkeelError)) throw error;
  console.error(`readme: ${error.message}${error.hint ? `\n${error.hint}` : ""}`);
  process.exitCode = 1;
}
