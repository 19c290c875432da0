import { formatDuration } from "@evenkeel/model";

const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const barCells = 24;

/**
 * What long work is doing, on standard error: one moving line on a terminal, one plain line a step elsewhere (logs, CI). Standard
 * output stays free for results.
 */
export class Progress {
  private readonly live = process.stderr.isTTY === true && process.env["TERM"] !== "dumb";
  private readonly colour = this.live && process.env["NO_COLOR"] === undefined;
  private text = "";
  private fraction: number | undefined;
  private stepStartedAtMs = 0;
  private frame = 0;
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly quiet = false) {}

  /** Begins a step; the one before it is marked done. Saying the same step again changes nothing. */
  step(text: string): void {
    if (this.quiet || text === this.text) return;
    this.done();
    this.text = text;
    this.fraction = undefined;
    this.stepStartedAtMs = performance.now();
    if (!this.live) return void process.stderr.write(`${text} …\n`);
    this.timer = setInterval(() => this.draw(), 80);
    this.draw();
  }

  /** How far the step is, 0 to 1. */
  at(fraction: number): void {
    this.fraction = Math.min(1, Math.max(0, fraction));
  }

  /** A line of output that belongs to the step, such as a build's log. */
  line(text: string): void {
    if (this.quiet) return;
    if (this.live) process.stderr.write("\r\u001b[K");
    process.stderr.write(`${this.paint("2", `  ${text}`)}\n`);
    if (this.text !== "" && this.live) this.draw();
  }

  done(): void {
    this.end(this.paint("32", "✓"));
  }

  fail(): void {
    this.end(this.paint("31", "✗"));
  }

  private end(mark: string): void {
    clearInterval(this.timer);
    this.timer = undefined;
    if (this.text === "") return;
    if (this.live) process.stderr.write(`\r\u001b[K${mark} ${this.text} ${this.paint("2", this.took())}\n`);
    this.text = "";
  }

  private draw(): void {
    this.frame = (this.frame + 1) % frames.length;
    const bar = this.fraction === undefined ? "" : ` ${drawBar(this.fraction)}`;
    const took = performance.now() - this.stepStartedAtMs > 2_000 ? ` ${this.paint("2", this.took())}` : "";
    process.stderr.write(`\r\u001b[K${this.paint("36", frames[this.frame]!)} ${this.text}${bar}${took}`);
  }

  private took(): string {
    return formatDuration(performance.now() - this.stepStartedAtMs);
  }

  private paint(code: string, text: string): string {
    return this.colour ? `\u001b[${code}m${text}\u001b[0m` : text;
  }
}

export function drawBar(fraction: number): string {
  const full = Math.round(fraction * barCells);
  return `${"█".repeat(full)}${"░".repeat(barCells - full)} ${Math.round(fraction * 100)} %`;
}
