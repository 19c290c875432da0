import type { BuildLogLine } from "@evenkeel/build";
import { LogIntake, type LogLevel, type LogLine } from "@evenkeel/logs";
import type { AppName, DeploymentId, EnvironmentName, HomeLayout } from "@evenkeel/model";

export interface BuildLogOwner {
  app: AppName;
  environment: EnvironmentName;
  deployment: DeploymentId;
}

/** Lines after this are dropped with a note: an app that prints for ever fills no disk. */
const limitBytes = 64 * 1024 * 1024;

/** Package managers print progress to standard error. */
const usualLevels: Record<BuildLogLine["stream"], LogLevel> = {
  stdout: "info",
  stderr: "info",
  platform: "info",
};

/** What builds print, and what the platform says while it brings deployments live, on its way into apps' logs. */
export class BuildLogs {
  private readonly intake: LogIntake;
  private readonly open = new Map<AppName, Set<BuildLog>>();

  constructor(layout: HomeLayout) {
    this.intake = new LogIntake({
      layout,
      writer: "control",
      onWritten: (app) => {
        for (const log of this.open.get(app) ?? []) log.onLine();
      },
    });
  }

  /** @param onLine called when there are more lines to be read */
  begin(owner: BuildLogOwner, onLine: () => void): BuildLog {
    const logs = this.open.get(owner.app) ?? new Set();
    this.open.set(owner.app, logs);
    const log = new BuildLog(this.intake, owner, onLine, () => logs.delete(log));
    logs.add(log);
    return log;
  }

  close(): Promise<void> {
    return this.intake.close();
  }
}

/** The log of one deployment's way. */
export class BuildLog {
  private readonly readers;
  private writtenBytes = 0;
  private closed = false;

  constructor(
    private readonly intake: LogIntake,
    private readonly owner: BuildLogOwner,
    readonly onLine: () => void,
    private readonly onClose: () => void,
  ) {
    const { app, environment, deployment } = owner;
    const reader = (stream: BuildLogLine["stream"]) =>
      // Masked already, where it was printed.
      intake
        .app(app)
        .reader({ stream, environment, deployment, build: true }, usualLevels[stream], (text) => text);
    this.readers = { stdout: reader("stdout"), stderr: reader("stderr"), platform: reader("platform") };
  }

  write(line: BuildLogLine): void {
    if (this.closed || this.writtenBytes > limitBytes) return;
    this.append(line);
    if (this.writtenBytes > limitBytes) {
      this.append({
        atMs: Date.now(),
        stream: "platform",
        text: "The log is too long; the rest is not kept.",
      });
    }
  }

  /** A line of the platform's own. */
  note(text: string): void {
    this.write({ atMs: Date.now(), stream: "platform", text });
  }

  /** Resolves when all of it can be read. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.intake.store.flush(this.owner.app);
    this.onClose();
  }

  private append({ atMs, stream, text }: BuildLogLine): void {
    this.writtenBytes += text.length;
    this.intake.app(this.owner.app).append(this.readers[stream].read(text, "whole", 0, atMs));
  }
}

export const buildLogLine = ({ atMs, stream, text }: LogLine): BuildLogLine => ({
  ...{ atMs, text },
  stream: stream === "otlp" ? "platform" : stream,
});
