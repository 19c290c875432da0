import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileDurably } from "@evenkeel/disk";
import { ProofError } from "../errors.ts";
import { repository } from "../repository.ts";
import { describeReport, type Report } from "./report.ts";

const folder = join(repository, "docs/proof");
const jsonPath = join(folder, "bench.json");

/** What was recorded last; undefined before the first time. @throws ProofError */
export function readProof(): Report | undefined {
  if (!existsSync(jsonPath)) return undefined;
  try {
    return JSON.parse(readFileSync(jsonPath, "utf8")) as Report;
  } catch (cause) {
    throw new ProofError(`${jsonPath} is not JSON`, { hint: "Remove it and measure anew.", cause });
  }
}

export function writeProof(report: Report): void {
  mkdirSync(folder, { recursive: true });
  writeFileDurably(jsonPath, `${JSON.stringify(report, null, 2)}\n`);
  writeFileDurably(join(folder, "bench.md"), describeReport(report));
}
