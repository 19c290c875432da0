import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileDurably } from "@evenkeel/disk";
import type { DatabaseEvidence, HomeLayout } from "@evenkeel/model";
import type { Archive } from "../../archive/archive.ts";

interface Entry {
  /** Its present content is beside the archive, too. */
  archived: boolean;
  evidence: DatabaseEvidence;
}

const objectName = (id: string): string => `evidence/${id}`;

/**
 * What verifications and checks of one database have found: a file each, durable before and after the verification, and the same as an object of the
 * archive, where it survives this machine.
 */
export class EvidenceLog {
  constructor(
    private readonly folder: string,
    private readonly archive: Archive,
  ) {}

  static of(layout: HomeLayout, databaseId: string, archive: Archive): EvidenceLog {
    return new EvidenceLog(join(layout.postgres, "evidence", databaseId), archive);
  }

  /** Oldest first. */
  list(): DatabaseEvidence[] {
    return this.entries()
      .map(({ evidence }) => evidence)
      .sort((a, b) => a.startedMs - b.startedMs);
  }

  /** Of a restore: a check of what serves says nothing of the archive. */
  newest(): DatabaseEvidence | undefined {
    return this.list().findLast(({ kind }) => kind === undefined);
  }

  write(evidence: DatabaseEvidence): void {
    this.store({ archived: false, evidence });
  }

  /** Verifications that a crash has ended have failed: nobody knows what they would have found. */
  failInterrupted(nowMs = Date.now()): void {
    for (const { evidence } of this.entries()) {
      if (evidence.verdict !== "running") continue;
      const failure = {
        step: evidence.kind === "check" ? "checking" : "verifying",
        code: "verification_interrupted",
        message: `The keeper of databases was ended while it ${evidence.kind === "check" ? "checked" : "verified"}`,
      };
      this.write({
        ...evidence,
        ...{ verdict: "failed", finishedMs: nowMs, failures: [...evidence.failures, failure] },
      });
    }
  }

  /** Brings both places to the same. @throws what the archive throws; the next time does it */
  async synchronise(): Promise<void> {
    for (const entry of this.entries()) {
      if (entry.archived) continue;
      const { evidence } = entry;
      await this.archive.replace(objectName(evidence.id), Buffer.from(JSON.stringify(evidence)));
      // Unless it has changed meanwhile.
      const present = this.read(evidence.id);
      if (JSON.stringify(present?.evidence) === JSON.stringify(evidence))
        this.store({ archived: true, evidence });
    }
    for (const { key } of await this.archive.list("evidence/")) {
      if (this.read(key.slice("evidence/".length))) continue;
      this.store({ archived: true, evidence: await this.archive.readJson<DatabaseEvidence>(key) });
    }
  }

  private entries(): Entry[] {
    if (!existsSync(this.folder)) return [];
    return readdirSync(this.folder).flatMap((name) => {
      const entry = name.endsWith(".json") ? this.read(name.slice(0, -".json".length)) : undefined;
      return entry ? [entry] : [];
    });
  }

  private read(id: string): Entry | undefined {
    const path = join(this.folder, `${id}.json`);
    return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Entry) : undefined;
  }

  private store(entry: Entry): void {
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    writeFileDurably(join(this.folder, `${entry.evidence.id}.json`), JSON.stringify(entry), 0o600);
  }
}
