import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ProvisionedTool } from "@evenkeel/build";
import type { Chaos } from "../chaos.ts";
import type { VisitSettings } from "./visit.ts";
import { type Visit, VisitLog } from "./visit-log.ts";

/** The programme's end of `visit.ts`. The visitors leave with the programme. */
export class Visitors {
  private constructor(
    private readonly stdin: Bun.FileSink,
    private readonly log: VisitLog,
  ) {}

  static start(chaos: Chaos, node: ProvisionedTool, settings: Omit<VisitSettings, "logPath">): Visitors {
    const logPath = join(chaos.makeFolder("visits"), "visits.log");
    writeFileSync(logPath, "");
    const child = Bun.spawn(
      [
        join(node.binFolder, "node"),
        "--no-warnings",
        join(import.meta.dir, "visit.ts"),
        JSON.stringify({ ...settings, logPath } satisfies VisitSettings),
      ],
      { stdin: "pipe", stdout: "ignore", stderr: "inherit" },
    );
    chaos.resources.defer(async () => {
      child.kill();
      await child.exited;
    });
    return new Visitors(child.stdin, new VisitLog(logPath));
  }

  /** From now on this host is visited, too. */
  come(host: string): void {
    this.stdin.write(`${host}\n`);
    this.stdin.flush();
  }

  /** All that visitors of a host have seen until now, in the order in which they left. */
  seen(host: string): readonly Visit[] {
    return this.log.of(host);
  }
}
