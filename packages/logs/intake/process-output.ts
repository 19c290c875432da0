import type { Readable } from "node:stream";
import type { MaskSecrets } from "@evenkeel/model";
import type { LogLevel } from "../line/log-level.ts";
import type { LogSource } from "../line/log-line.ts";
import { LineReader } from "./line-reader.ts";
import type { AppIntake } from "./log-intake.ts";
import { OutputLines } from "./output-lines.ts";

/** Lines of standard error that are kept for the report of a failure. */
const lastLines = 20;

type Printed = "stdout" | "stderr";

/** What one process prints, on its way into its app's log. */
export class ProcessOutput {
  private readonly tail: string[] = [];
  private readonly lines = {} as Record<Printed, OutputLines>;
  private readonly sources: Record<Printed, LogSource>;
  private readonly ownSource: LogSource;

  constructor(
    private readonly app: AppIntake,
    private readonly from: Omit<LogSource, "stream">,
    private readonly mask: MaskSecrets,
  ) {
    this.sources = { stdout: { ...from, stream: "stdout" }, stderr: { ...from, stream: "stderr" } };
    this.ownSource = { ...from, stream: "platform" };
    for (const stream of ["stdout", "stderr"] as const) {
      const level: LogLevel = stream === "stderr" ? "error" : "info";
      const reader = new LineReader(this.sources[stream], level, () => app.redactor(), mask);
      this.lines[stream] = new OutputLines((line, end, cutBytes) => {
        const record = reader.read(line, end, cutBytes, Date.now());
        if (stream === "stderr") this.remember(record.text);
        app.append(record);
      });
    }
  }

  /** Reads from pipes, from now on until they end. */
  listen(output: Record<Printed, Readable>): void {
    for (const stream of ["stdout", "stderr"] as const) {
      output[stream].on("data", (chunk: Uint8Array) => this.push(stream, chunk));
      output[stream].on("error", () => {});
    }
  }

  push(stream: Printed, chunk: Uint8Array): void {
    const lines = this.lines[stream];
    const isAdmitted = this.app.admits();
    if (isAdmitted) this.app.took(this.from, lines.push(chunk), chunk.length);
    else lines.skip(chunk);
    const lost = lines.takeLost();
    if (!isAdmitted || lost > 0) this.app.drop(this.sources[stream], lost, isAdmitted ? 0 : chunk.length);
  }

  /** A line of the platform's own about the process. */
  note(text: string, level: LogLevel = "info"): void {
    this.app.note(this.ownSource, this.mask(text), level);
  }

  /** A text of the app's that is told elsewhere. */
  redact(text: string): string {
    return this.app.redactor().text(this.mask(text, true));
  }

  end(): void {
    for (const lines of Object.values(this.lines)) lines.end();
    this.app.tellDropped();
  }

  /** The last lines of standard error, without secrets. */
  lastErrors(): string {
    return this.tail.join("\n");
  }

  private remember(text: string): void {
    this.tail.push(text.slice(0, 500));
    if (this.tail.length > lastLines) this.tail.shift();
  }
}
