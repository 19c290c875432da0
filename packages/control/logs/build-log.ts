import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import type { BuildLogLine } from "@evenkeel/build";
import type { AppName, DeploymentId, HomeLayout } from "@evenkeel/model";

export const deploymentLogFolder = (
  layout: Pick<HomeLayout, "logs">,
  app: AppName,
  id: DeploymentId,
): string => `${layout.logs}/${app}/${id}`;

export const buildLogPath = (layout: Pick<HomeLayout, "logs">, app: AppName, id: DeploymentId): string =>
  `${deploymentLogFolder(layout, app, id)}/build.ndjson`;

/** Lines after this are dropped with a note: an app that prints for ever fills no disk. */
const limitBytes = 64 * 1024 * 1024;

/** Appends to a deployment's build log; every line is with the file system before followers hear of it. */
export class BuildLog {
  private readonly file: number;
  private writtenBytes = 0;
  private closed = false;

  constructor(
    path: string,
    private readonly onLine: () => void,
  ) {
    mkdirSync(dirname(path), { recursive: true });
    this.file = openSync(path, "a", 0o640);
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
    this.onLine();
  }

  /** A line of the platform's own. */
  note(text: string): void {
    this.write({ atMs: Date.now(), stream: "platform", text });
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    closeSync(this.file);
  }

  private append(line: BuildLogLine): void {
    try {
      this.writtenBytes += writeSync(this.file, `${JSON.stringify(line)}\n`);
    } catch (error) {
      // A full disk: the build goes on or fails by itself, and says so.
      console.error(
        `control: a line of a build log was lost: ${error instanceof Error ? error.message : error}`,
      );
    }
  }
}
