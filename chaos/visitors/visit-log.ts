import { closeSync, openSync, readSync } from "node:fs";

/** What one visitor saw. */
export interface Visit {
  /** Milliseconds since the epoch. */
  beginMs: number;
  endMs: number;
  /** A status; `late`: no answer within the visitor's patience; `broken`: the connection ended before one. */
  outcome: number | "late" | "broken";
  /** The deployment that answered; undefined where the answer does not say. */
  by: string | undefined;
}

const chunkBytes = 1024 * 1024;

/** The log that visitors write, read as it grows. Visits are in the order in which they ended. */
export class VisitLog {
  private readonly byHost = new Map<string, Visit[]>();
  private readonly chunk = Buffer.alloc(chunkBytes);
  private offset = 0;
  private rest = "";

  constructor(private readonly path: string) {}

  /** All until now. */
  of(host: string): readonly Visit[] {
    this.read();
    return this.byHost.get(host) ?? [];
  }

  private read(): void {
    const file = openSync(this.path, "r");
    try {
      for (let length = -1; length !== 0; ) {
        length = readSync(file, this.chunk, 0, chunkBytes, this.offset);
        this.offset += length;
        const lines = (this.rest + this.chunk.toString("latin1", 0, length)).split("\n");
        this.rest = lines.pop()!;
        for (const line of lines) this.note(line);
      }
    } finally {
      closeSync(file);
    }
  }

  private note(line: string): void {
    const [host = "", beginMs, endMs, outcome = "", by = "-"] = line.split(" ");
    const status = Number(outcome);
    const visit: Visit = {
      ...{ beginMs: Number(beginMs), endMs: Number(endMs) },
      outcome: Number.isNaN(status) ? (outcome as "late" | "broken") : status,
      by: by === "-" ? undefined : by,
    };
    const visits = this.byHost.get(host);
    if (visits) visits.push(visit);
    else this.byHost.set(host, [visit]);
  }
}
