import type { Readable } from "node:stream";
import { formatSize, type MaskSecrets } from "@evenkeel/model";
import { type LineEnd, OutputLines } from "./output-lines.ts";
import type { RuntimeLogLine } from "./runtime-logs.ts";

/** Lines of standard error that are kept for the report of a failure. */
const lastLines = 20;

/** Reads what an instance prints, from the moment that it is assigned. */
export class InstanceOutput {
  private readonly tail: string[] = [];
  private readonly streams = {} as Record<"stdout" | "stderr", OutputLines>;

  constructor(
    /** Absent: what it prints is given to `push`. */
    output: { stdout: Readable; stderr: Readable } | undefined,
    private readonly write: (line: Pick<RuntimeLogLine, "t" | "stream" | "line">) => void,
    private readonly mask: MaskSecrets,
  ) {
    for (const stream of ["stdout", "stderr"] as const) {
      const lines = new OutputLines(
        (line, end) => this.line(stream, line, end),
        (bytes) => this.note(`${formatSize(bytes)} of ${stream} were dropped: too much in one second`),
      );
      this.streams[stream] = lines;
      output?.[stream].on("data", (chunk: Uint8Array) => lines.push(chunk, Date.now()));
      output?.[stream].on("error", () => {});
    }
  }

  /** A line of the host's own about the instance. */
  note(line: string): void {
    this.write({ t: Date.now(), stream: "platform", line: this.mask(line) });
  }

  push(stream: "stdout" | "stderr", chunk: Uint8Array): void {
    this.streams[stream].push(chunk, Date.now());
  }

  end(): void {
    for (const stream of Object.values(this.streams)) stream.end();
  }

  /** The last lines of standard error, without secrets. */
  lastErrors(): string {
    return this.tail.join("\n");
  }

  private line(stream: "stdout" | "stderr", raw: string, end: LineEnd): void {
    const shown = this.mask(raw, end !== "whole");
    const line = end === "cut" ? `${shown} [cut]` : shown;
    if (stream === "stderr") {
      this.tail.push(line.slice(0, 500));
      if (this.tail.length > lastLines) this.tail.shift();
    }
    this.write({ t: Date.now(), stream, line });
  }
}
