import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileDurably } from "@evenkeel/disk";
import { ProofError } from "../errors.ts";
import { repository } from "../repository.ts";
import { describeReport, type Report } from "./report.ts";

const folder = join(repository, "docs/proof");

/** What was recorded last under a name; undefined before the first time. @throws ProofError */
export function readRecord<Recorded>(name: string): Recorded | undefined {
  const path = join(folder, `${name}.json`);
  if (!existsSync(path)) return undefined;
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Recorded;
  } catch (cause) {
    throw new ProofError(`${path} is not JSON`, { hint: "Remove it and measure anew.", cause });
  }
}

/** @param text the same for people, in Markdown */
export function writeRecord(name: string, recorded: object, text: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileDurably(join(folder, `${name}.json`), `${JSON.stringify(recorded, null, 2)}\n`);
  writeFileDurably(join(folder, `${name}.md`), text);
}

/** @throws ProofError */
export const readProof = (): Report | undefined => readRecord<Report>("bench");

export const writeProof = (report: Report): void => writeRecord("bench", report, describeReport(report));
